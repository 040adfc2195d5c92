"""A wrapper of the socket that raises EAGAIN, and one that keeps what is written and sends it later."""

from stage import *


class Wrapper:
    def __init__(self, sock):
        self.sock = sock
        self.kept = []

    def write(self, buf, length=-1):
        self.kept.append(buf if length < 0 else buf[:length])
        return len(buf) if length < 0 else length

    def flush(self):
        for buf in self.kept:
            self.sock.write(buf)

    def read(self, n):
        # It raises EAGAIN when there is nothing.
        return self.sock.recv(n)

    def __getattr__(self, name):
        if name == "readinto":
            raise AttributeError(name)
        return getattr(self.sock, name)


c = connected()
c.sock = wrapper = Wrapper(c.sock)
tell("check_msg", c.check_msg)
for number in range(4):
    c.publish("t", "message %d" % number)
peer.send(b"\x30\x0e\x00\x01tabcdefghijk")
tell("check_msg", c.check_msg)
tell("check_msg", c.check_msg)
wrapper.flush()
wrapper.kept.clear()
peer.wire()
