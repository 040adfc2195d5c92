"""23. A callback may disconnect."""

from stage import *

for qos in (0, 1):
    c = connected()
    c.set_callback(lambda *_: c.disconnect())
    peer.send((b"\x30\x04\x00\x01tx", b"\x32\x06\x00\x01t\x00\x05x")[qos])
    tell("check_msg", c.check_msg)
    link(c)
