"""19. Every address of the server is tried, and what was opened is closed."""

import sys

from stage import *


class Names:
    """The module `socket`, but a name has two addresses, and nothing listens on the first."""

    def __getattr__(self, name):
        return getattr(socket, name)

    def getaddrinfo(self, server, port, *more):
        nobody = socket.getaddrinfo("127.0.0.1", 1, *more)
        return nobody + socket.getaddrinfo("127.0.0.1", port, *more)


sys.modules["socket"] = sys.modules["usocket"] = Names()

peer.answer()
c = make(server="two")
tell("connect", c.connect)
tell("publish", c.publish, "t", "x")
