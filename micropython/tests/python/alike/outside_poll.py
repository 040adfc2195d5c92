"""Nothing is read past the current packet: a program that polls the socket itself sees the next one."""

import select

from stage import *

c = connected()
poller = select.poll()
poller.register(c.sock, select.POLLIN)


def readable():
    return bool(poller.poll(0))


print("at rest", readable())
peer.send(
    b"\x30\x06\x00\x01tone\x30\x06\x00\x01ttwo"
    b"\xd0\x00\x32\x06\x00\x01t\x00\x01x\x40\x02\x00\x09\x30\x81\x01\x00\x01t" + b"x" * 126 + b"\xd0\x00"
)
for _ in range(7):
    print("before", readable())
    tell("check_msg", c.check_msg)
print("after", readable())
