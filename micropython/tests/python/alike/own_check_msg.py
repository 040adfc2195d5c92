"""A subclass whose check_msg reads from the socket itself, and publishes while messages wait."""

from stage import *
from umqtt import robust2, simple2


def reads(base):
    class Client(base):
        def check_msg(self):
            first = self.sock.read(1)
            if first is None:
                return None
            body = self._read(self._read(1)[0])
            print("  packet", first, body)
            return first[0]

    peer.answer()
    c = Client("c", "127.0.0.1", port=PORT, socket_timeout=2)
    peer.client = c
    c.connect()
    c.sock.setsockopt(6, 1, 1)
    peer.send(b"\x30\x04\x00\x01tx\x30\x05\x00\x01tyz")
    c.publish("t", "1")
    c.check_msg()
    c.publish("t", "2")
    c.check_msg()
    c.publish("t", "3")
    print(base.__module__ if hasattr(base, "__module__") else "", c.check_msg())
    c.disconnect()


reads(simple2.MQTTClient)
reads(robust2.MQTTClient)
