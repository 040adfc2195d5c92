"""20. check_msg keeps an idle link alive."""

from stage import *

c = connected(keepalive=1)
start = ticks_ms()
sent = b""
while b"\xc0\x00" not in sent and ticks_diff(ticks_ms(), start) < 1500:
    c.check_msg()
    sent += peer.wire()
print("PINGREQ in time", b"\xc0\x00" in sent and ticks_diff(ticks_ms(), start) <= 1000)
peer.send(b"\xd0\x00")
tell("check_msg", c.check_msg)
link(c)
