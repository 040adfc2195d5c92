"""A large message is received and sent again by hand: the header by `_write`, the picture by `sock.write`."""

from stage import *

c = connected()
picture = bytes(number * 7 & 255 for number in range(3000))
c._write(b"\x30\xc0\x17\x00\x06camera")
for start in range(0, 3000, 500):
    c._write(picture[start : start + 500])
tell("publish", c.publish, "t", "x")
c.sock.write(b"\x30\x06\x00\x01t")
c.sock.write(b"raw")
tell("publish", c.publish, "t", "y")
peer.send(b"\x30\xc0\x17\x00\x06camera" + picture + b"\x30\x04\x00\x01tx")
tell("check_msg", c.check_msg)
tell("check_msg", c.check_msg)
print("done")
