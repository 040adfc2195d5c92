"""2. What has come of a packet is kept; a wait for the rest is bounded."""

from stage import *

c = connected()
c.socket_timeout = 0.2
peer.send(b"\x30\x08\x00\x01thel")
took = milliseconds(c.check_msg)
print("bounded", took < 1000)
peer.send(b"lo")
tell("check_msg", c.check_msg)
peer.send(b"\x30")
tell("check_msg", c.check_msg)
peer.send(b"\x04\x00\x01tx")
tell("check_msg", c.check_msg)
link(c)
