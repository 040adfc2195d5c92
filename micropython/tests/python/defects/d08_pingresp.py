"""8. A PINGRESP with a body is malformed."""

from stage import *

c = connected()
tell("ping", c.ping)
peer.send(b"\xd0\x00")
tell("check_msg", c.check_msg)
peer.send(b"\xd0\x01\x00")
tell("check_msg", c.check_msg)
link(c)
