"""robust2: a refused subscription is told, and not asked for again and again."""

from stage import *
from umqtt import robust2

c = connected(robust2)
tell("subscribe", c.subscribe, "t")
peer.send(b"\x90\x03\x00\x01\x80")
tell("check_msg", c.check_msg)
print("issue", name_of(c.conn_issue[0]), c.conn_issue[1])
c.conn_issue = None
for _ in range(3):
    expire(c)
    tell("check_msg", c.check_msg)
    tell("send_queue", c.send_queue)
print("things to do", c.things_to_do())
