# micropython: -X heapsize=256k
"""A socket of the program's that looks for messages while it reads."""

import gc

from stage import *

gc.threshold(64)


class Nesting:
    """The client's socket; the first time that it reads it looks for a message, before or after it reads."""

    def __init__(self, sock, before):
        self._sock = sock
        self.before = before
        self.nests = True

    def __getattr__(self, name):
        return getattr(self._sock, name)

    def _nest(self, now):
        if self.before is not None and self.nests and now:
            self.nests = False
            tell("  nested", c.check_msg)
            gc.collect()
            others.append(bytearray(b"mine" * 20))

    def readinto(self, buf):
        self._nest(self.before)
        count = self._sock.readinto(buf)
        self._nest(not self.before)
        return count

    def read(self, count):
        self._nest(self.before)
        data = self._sock.read(count)
        self._nest(not self.before)
        return data


others = []


def message(text):
    body = b"\x00\x01t" + text
    length = len(body)
    return b"\x30" + (bytes((length,)) if length < 128 else bytes((length & 127 | 128, length >> 7))) + body


for before, early in (True, True), (False, True), (True, False), (False, False):
    for sizes in (1, 2), (300, 5), (3000, 3), (5, 600):
        if early:
            c = connected_through(lambda sock: Nesting(sock, None), socket_timeout=0.1)
            c.sock.before = before
        else:
            c = connected(socket_timeout=0.1)
            c.sock = Nesting(c.sock, before)
        peer.send(b"".join(message(bytes((65 + at,)) * size) for at, size in enumerate(sizes)))
        print("early" if early else "late", "before" if before else "after", sizes)
        for _ in range(2):
            if c.sock:
                tell("check_msg", c.check_msg)
        if c.sock:
            c.sock.close()
        peer.forget()
print("others", all(other == b"mine" * 20 for other in others))
