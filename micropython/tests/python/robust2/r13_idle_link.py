"""A link on which nothing came is not flagged while we send; ping() is never refused."""

from robust import *

c = connected(robust2, keepalive=1)
c.last_cpacket = ticks_add(ticks_ms(), -60000)
tell("is_keepalive", c.is_keepalive)
tell("is_conn_issue", c.is_conn_issue)
tell("ping", c.ping)
peer.send(b"\xd0\x00")
tell("check_msg", c.check_msg)
start = ticks_ms()
while c.is_keepalive() and ticks_diff(ticks_ms(), start) < 5000:
    pass
took = ticks_diff(ticks_ms(), start)
print("flagged after one and a half keep-alives", 1400 < took < 1800)
issue(c)
tell("ping", c.ping)
