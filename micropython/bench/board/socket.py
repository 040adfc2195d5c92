"""A network in memory: `stream` has what the broker sends, and what is written goes nowhere."""

from io import BytesIO

SOCK_STREAM = 1


def getaddrinfo(host, port, *hints):
    return [(2, 1, 0, "", (host, port))]


class Reading:
    """A socket that can be read from, but not into a buffer."""

    def __init__(self, *kind):
        # CONNACK
        self.stream = BytesIO(b"\x20\2\0\0")

    def setblocking(self, waits):
        pass

    def connect(self, address):
        pass

    def close(self):
        pass

    def write(self, packet, length=-1):
        return len(packet) if length < 0 else length

    def read(self, count):
        return self.stream.read(count) or None


class socket(Reading):
    def readinto(self, buffer):
        return self.stream.readinto(buffer) or None
