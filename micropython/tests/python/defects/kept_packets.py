"""What a program keeps of the packets that it sees is its own, or shows what comes later, and cannot be resized."""

import gc

from stage import *
from umqtt.simple2 import MQTTClient


class Keeping(MQTTClient):
    def _write(self, buf, length=-1):
        kept.append(buf if length < 0 else buf[:length])
        return super()._write(buf, length)


class Socket:
    """The client's socket, whose user looks at what it is given."""

    def __init__(self, sock):
        self._sock = sock

    def __getattr__(self, name):
        return getattr(self._sock, name)

    def write(self, buf, length=-1):
        keep(buf)
        return self._sock.write(buf, length)

    def readinto(self, buf):
        keep(buf)
        return self._sock.readinto(buf)


def keep(buf):
    seen.append(buf)
    slices.append(memoryview(buf)[:2] if len(buf) > 1 and not isinstance(buf, str) else b"..")


kept, seen, slices = [], [], []
peer.answer()
c = Keeping("c", "127.0.0.1", PORT)
peer.client = c
c.set_callback(on_message)
c.connect()
c.subscribe("a/b", 1)
for number in range(4):
    c.publish("t", "number %d" % number, qos=1)
peer.send(b"\x32\x06\x00\x01t\x00\x05x")
c.check_msg()
print("a _write got", sorted(set(type(packet).__name__ for packet in kept)))
print(b"|".join(packet.encode() if isinstance(packet, str) else bytes(packet) for packet in kept[-6:]))

c = connected_through(Socket)
seen.clear()
slices.clear()
c.publish("t", "one")
peer.send(b"\x30\x04\x00\x01tx")
c.check_msg()
for buf in seen:
    for name in "extend", "append":
        try:
            getattr(buf, name)(b"more than there was, and then some" * 3)
            print("it was resized")
        except (AttributeError, TypeError):
            pass
others = []
for size in 20, 200, 2000, 20:
    c.publish("t", bytes(size))
    c.publish("t", seen[0])
    others.append(bytearray(b"mine" * 20))
    gc.collect()
print("others", all(other == b"mine" * 20 for other in others))
print("slices", all(len(bytes(part)) == 2 for part in slices))
peer.forget()
