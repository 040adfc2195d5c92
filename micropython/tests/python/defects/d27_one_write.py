"""27. A packet is one write."""

from stage import *

writes = 0


class Counting:
    """The client's socket, counting writes."""

    def __init__(self, sock):
        self._sock = sock

    def __getattr__(self, name):
        return getattr(self._sock, name)

    def write(self, *arguments):
        global writes
        writes += 1
        return self._sock.write(*arguments)


def count(what, call, *arguments):
    global writes
    writes = 0
    call(*arguments)
    print(what, "- writes:", writes)


c = connected()
c.sock = Counting(c.sock)
count("QoS 0", c.publish, "t", "x")
count("QoS 1", c.publish, "t", "x", False, 1)
count("300 bytes", c.publish, "t", "x" * 300)
count("subscribe", c.subscribe, "t")
count("ping", c.ping)
peer.send(b"\x32\x06\x00\x01t\x00\x05x")
count("PUBACK", c.check_msg)
