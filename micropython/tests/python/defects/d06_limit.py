"""6. The program says how large a message, its packet that is, may be."""

from stage import *

c = connected()
c.msg_max = 1000
for size, pid in ((990, 1), (1000, 2), (3000, 3)):
    length = size + 5
    header = b"\x32" + bytes((length & 127 | 128, length >> 7))
    peer.send(header + b"\x00\x01t" + pid.to_bytes(2, "big") + b"x" * size)
peer.send(b"\x30\x04\x00\x01tx")
for _ in range(5):
    tell("check_msg", c.check_msg)
link(c)
