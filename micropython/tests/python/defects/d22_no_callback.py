"""22. A message without a callback is acknowledged and dropped."""

from stage import *

c = connected()
c.set_callback(None)
peer.send(b"\x32\x06\x00\x01t\x00\x05x")
tell("check_msg", c.check_msg)
peer.send(b"\x30\x04\x00\x01tx")
tell("check_msg", c.check_msg)
link(c)
