"""6. The program says how large a message may be."""

from stage import *

c = connected()
c.msg_max = 50
peer.send(b"\x32\x37\x00\x01t\x00\x01" + b"x" * 50)
peer.send(b"\x32\x38\x00\x01t\x00\x02" + b"x" * 51)
peer.send(b"\x30\x84\x01\x00\x01t" + b"x" * 129)
peer.send(b"\x30\x04\x00\x01tx")
for _ in range(5):
    tell("check_msg", c.check_msg)
link(c)
