"""7. A remaining length has four bytes at most."""

from stage import *

c = connected()
peer.send(b"\x30\x80\x80\x80\x80\x01\x00\x01tx")
tell("check_msg", c.check_msg)
link(c)
