"""12. Which messages of QoS 2 came is forgotten when the broker has lost the session, and no earlier."""

from stage import *

FIRST, SECOND = b"\x34\x08\x00\x01t\x00\x05one", b"\x34\x08\x00\x01t\x00\x05two"

c = make()
for present, packet in (0, FIRST), (1, FIRST), (0, SECOND), (1, SECOND):
    peer.answer(bytes((0x20, 2, present, 0)))
    tell("connect", c.connect, False)
    peer.send(packet)
    try:
        tell("check_msg", c.check_msg)
        print("answered", peer.wire(4)[-4:])
    finally:
        c.sock.close()
peer.answer()
tell("clean", c.connect)
peer.send(SECOND)
tell("check_msg", c.check_msg)
