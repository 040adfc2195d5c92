"""A socket of the program's that does not tell what it has written, or takes nothing."""

from stage import *


class Forgetful:
    def __init__(self, sock, told):
        self._sock = sock
        self.told = told
        self.writes = 0

    def write(self, *args):
        self.writes += 1
        return self.told

    def close(self):
        self._sock.close()


for told in None, 0:
    c = connected(socket_timeout=0.1)
    sock = c.sock
    c.sock = Forgetful(sock, told)
    tell("publish", c.publish, "t", "x")
    print("many writes", c.sock.writes > 2)
    sock.close()
