"""A link is flagged if no packet came for more than `keepalive` whole seconds; sending does not count."""

from robust import *

c = connected(robust2, keepalive=3)
tell("is_conn_issue", c.is_conn_issue)


# Its clock does not advance by itself.
now = ticks_ms()
robust2.ticks_ms = lambda: now


def passed(milliseconds):
    """So long ago the last packet came; we asked the broker since."""
    c.last_ping = now
    c.last_cpacket = ticks_add(now, -milliseconds)


for milliseconds in 1000, 3000, 3999:
    passed(milliseconds)
    print(milliseconds, "is_keepalive", c.is_keepalive(), "is_conn_issue", c.is_conn_issue())
# A PINGRESP is a packet.
peer.send(b"\xd0\x00")
tell("check_msg", c.check_msg)
print("just now", ticks_diff(now, c.last_cpacket) <= 0)

passed(4000)
tell("publish", c.publish, "t", "x")
tell("is_conn_issue", c.is_conn_issue)
issue(c)
tell("is_keepalive", c.is_keepalive)

back(c)
tell("is_conn_issue", c.is_conn_issue)
c.keepalive = 0
passed(100000)
tell("is_conn_issue", c.is_conn_issue)
