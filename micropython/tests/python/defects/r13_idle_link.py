"""robust2: a link that is idle and healthy is no issue, and ping() is never refused."""

from stage import *
from umqtt import robust2

c = connected(robust2, keepalive=1)
start = ticks_ms()
while ticks_diff(ticks_ms(), start) < 2100:
    c.check_msg()
    if b"\xc0\x00" in peer.wire():
        peer.send(b"\xd0\x00")
print("issue", c.is_conn_issue())
peer.wire()
tell("ping", c.ping)
print("PINGREQ", b"\xc0\x00" in peer.wire())
peer.forget()
