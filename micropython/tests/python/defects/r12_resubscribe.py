"""robust2: after reconnect() to a broker that has forgotten the session, the subscriptions go out again."""

from stage import *
from umqtt import robust2

c = connected(robust2)
tell("subscribe", c.subscribe, "t", 1)
peer.send(b"\x90\x03\x00\x01\x01")
tell("check_msg", c.check_msg)
for present in (1, 0):
    peer.close()
    tell("check_msg", c.check_msg)
    print("issue", name_of(c.conn_issue[0]), c.conn_issue[1])
    peer.answer(bytes((32, 2, present, 0)))
    tell("reconnect", c.reconnect)
    print("issue", c.conn_issue, "to send", c.sub_to_send)
    tell("send_queue", c.send_queue)
print("subs", c.subs)
