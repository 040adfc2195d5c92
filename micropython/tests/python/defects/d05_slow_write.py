"""5. A large message goes out as long as the socket takes some of it within socket_timeout."""

from clock import *
from stage import *


class Narrow:
    """The client's socket, which takes a little at a time."""

    def __init__(self, sock):
        self._sock = sock
        self.is_full = False

    def __getattr__(self, name):
        return getattr(self._sock, name)

    def write(self, data, length=-1):
        if self.is_full:
            return None
        self.is_full = True
        data = data.encode() if isinstance(data, str) else bytes(data)
        return self._sock.write((data if length < 0 else data[:length])[:100])


class Drain:
    """Its poller for writing."""

    def poll(self, timeout):
        if drains:
            sock.is_full = False
            clock.pass_by(400)
            return [(sock, 4)]
        clock.pass_by(timeout)
        return []

    def unregister(self, sock):
        pass


for start in 5, PERIOD // 2 + 5, PERIOD - 700:
    clock.set(start)
    c = connected(socket_timeout=1)
    sock = c.sock = Narrow(c.sock)
    c.poller_w = Drain()
    drains = True
    tell("publish", c.publish, "t", bytes(2000))
    drains = False
    tell("publish", c.publish, "t", bytes(2000))
    print("sock", "None" if c.sock is None else "set", "took", (clock.now - start) % PERIOD > 5000)
    peer.forget()
