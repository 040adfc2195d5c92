"""12. A message of QoS 2 is told once and its exchange is ended."""

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
