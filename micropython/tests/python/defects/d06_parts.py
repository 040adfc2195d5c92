"""6. A large message comes in parts if the program wants it so."""

from stage import *

c = connected()
c.msg_max = 50
size = 3000
got = bytearray()


def on_part(topic, part, offset, total):
    if (topic, offset, total) != (b"t", len(got), size):
        print("  wrong part", topic, offset, total)
    got.extend(part)


c.cb_part = on_part
data = bytes(at % 251 for at in range(size))
peer.send(b"\x32\xbd\x17\x00\x01t\x00\x01" + data)
peer.send(b"\x30\x04\x00\x01tx")
tell("check_msg", c.check_msg)
print("whole", got == data)
tell("check_msg", c.check_msg)
link(c)
