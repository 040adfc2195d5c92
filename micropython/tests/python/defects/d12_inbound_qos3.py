"""12. A message of QoS 3 is malformed, and no callback has it."""

from stage import *

c = connected()
peer.send(b"\x36\x06\x00\x01t\x00\x05x")
tell("check_msg", c.check_msg)
link(c)
