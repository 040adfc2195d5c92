"""3. An acknowledgement that is not awaited is read whole; a packet that no server sends ends the link."""

from stage import *

c = connected()
peer.send(b"\xb0\x02\x00\x09")
peer.send(b"\x30\x04\x00\x01tx")
for _ in range(3):
    tell("check_msg", c.check_msg)
peer.send(b"\x82\x06\x00\x01\x00\x01t\x00")
tell("check_msg", c.check_msg)
link(c)
