"""21. A link that the system gave up (ETIMEDOUT) is no idle link."""

from stage import *


class Dead:
    """The client's socket when the system has given the connection up."""

    def __init__(self, sock):
        self._sock = sock

    def __getattr__(self, name):
        return getattr(self._sock, name)

    def read(self, *_):
        raise OSError(110)

    readinto = read


c = connected()
sock, c.sock = c.sock, Dead(c.sock)
peer.send(b"\xd0\x00")
tell("check_msg", c.check_msg)
