"""Every call asks the broker in time, and a link on which an answer waits is healthy; ping() is never refused."""

from robust import *

PINGREQ = b"\xc0\x00"
PINGRESP = b"\xd0\x00"

c = connected(robust2, keepalive=60)
peer.wire()


# Its clock does not advance by itself.
now = ticks_ms()
robust2.ticks_ms = lambda: now


def silent(seconds):
    """Nothing came for this long, and no PINGREQ was sent."""
    c.last_cpacket = ticks_add(now, -1000 * seconds)
    c.last_ping = ticks_add(c.last_cpacket, -1000)


for name in "is_keepalive", "is_conn_issue", "send_queue", "check_msg", "publish":
    for seconds in 29, 31:
        silent(seconds)
        tell(name, getattr(c, name), *(("t", "x") if name == "publish" else ()))
        print("  asks", PINGREQ in peer.wire())
        tell("  again", c.is_conn_issue)
        print("  asks", PINGREQ in peer.wire())

# A program that only publishes reads no answer.
silent(62)
peer.send(PINGRESP + b"\x30\x04\x00\x01tx")
tell("is_conn_issue", c.is_conn_issue)
tell("is_conn_issue", c.is_conn_issue)
peer.send(PINGRESP)
tell("what comes then waits", c.check_msg)

silent(62)
tell("is_keepalive", c.is_keepalive)
issue(c)
tell("ping", c.ping)
print("  asks", PINGREQ in peer.wire())

# The link is lost: that is another issue, and no PINGREQ can be sent.
silent(31)
c.sock.close()
c.check_msg()
issue(c)
c.disconnect()
silent(31)
tell("is_keepalive", c.is_keepalive)
