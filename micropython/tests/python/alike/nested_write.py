"""A socket's wrapper that takes a message before it writes: its PUBACK and the packet do not mix."""

from stage import *

c = connected()


class Wrapper:
    def __init__(self, sock):
        self.sock = sock
        self.has_read = False

    def write(self, *args):
        if not self.has_read:
            self.has_read = True
            c.check_msg()
        return self.sock.write(*args)

    def __getattr__(self, name):
        return getattr(self.sock, name)


c.sock = wrapper = Wrapper(c.sock)
for number in range(3):
    wrapper.has_read = False
    peer.send(b"\x32\x06\x00\x01t\x00" + bytes([number + 1]) + b"x")
    c.publish("topic", "message %d" % number, qos=number & 1)
c.disconnect()
