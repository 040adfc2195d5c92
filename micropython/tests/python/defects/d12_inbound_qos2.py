"""12. A QoS 2 message reaches the callback once, and its exchange is completed."""

from stage import *

c = connected()
peer.send(b"\x34\x06\x00\x01t\x00\x05x")
tell("check_msg", c.check_msg)
peer.send(b"\x3c\x06\x00\x01t\x00\x05x")
tell("check_msg", c.check_msg)
peer.send(b"\x62\x02\x00\x05")
tell("check_msg", c.check_msg)
peer.send(b"\x34\x06\x00\x01t\x00\x05y")
tell("check_msg", c.check_msg)
link(c)
