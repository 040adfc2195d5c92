"""An end that follows a PINGRESP or a part of a packet, or comes in a callback or after an error, is noticed."""

from stage import *
from umqtt import robust2, simple2

message = b"\x30\x04\x00\x01tx"


def publishes(name, c):
    tell(name + ", then publish", simple2.MQTTClient.publish, c, "t", "x")


def behind(name, *parts):
    c = connected(robust2, keepalive=4)
    # It asks by itself.
    c.last_ping = c.last_cpacket = ticks_add(ticks_ms(), -2500)
    c.is_conn_issue()
    for part in parts:
        peer.send(part)
        c.publish("t", "first")
    peer.close()
    publishes(name, c)
    if c.sock:
        c.sock.close()
    peer.forget()


behind("PINGRESP", b"\xd0\x00")
behind("PINGRESP in two parts", b"\xd0", b"\x00")
behind("a byte", b"\x30")
behind("a part", message[:4])
behind("two parts", message[:1], message[1:4])

# All but the last byte is here, and check_msg() has seen the end.
c = connected()
peer.send(message[:5])
peer.close()
tell("check_msg", c.check_msg)
publishes("all but a byte, then check_msg", c)
if c.sock:
    c.sock.close()
peer.forget()

# A `_read` of the program's own, and the rest of a large message, have seen the end.
class Reader(simple2.MQTTClient):
    def _read(self, n):
        return super()._read(n)


peer.answer()
c = Reader("c", "127.0.0.1", port=PORT, socket_timeout=2)
peer.client = c
c.connect()
peer.send(message[:4])
peer.close()
tell("check_msg", c.check_msg)
publishes("own _read", c)
if c.sock:
    c.sock.close()
peer.forget()

c = connected()
c.msg_max = 2
peer.send(b"\x30\xdd\x04\x00\x01tx")
peer.close()
tell("check_msg", c.check_msg)
publishes("a large message", c)
if c.sock:
    c.sock.close()
peer.forget()

# In a callback.
c = connected()


def on_end(topic, msg, *_):
    peer.close()
    publishes("callback", c)


c.set_callback(on_end)
peer.send(message)
c.check_msg()
if c.sock:
    c.sock.close()
peer.forget()


# After a callback that raised, one of each kind.
def on_error(*_):
    raise ValueError


for name, packet in (
    ("message", message),
    ("status", b"\x40\x02\x00\x07"),
    ("QoS 2", b"\x34\x06\x00\x01t\x00\x05x"),
):
    c = connected()
    c.set_callback(on_error)
    c.set_callback_status(on_error)
    peer.send(packet)
    tell(name, c.check_msg)
    peer.wire()
    peer.close()
    publishes(name, c)
    if c.sock:
        c.sock.close()
    peer.forget()

# After a packet that did not come whole.
c = connected(socket_timeout=0.1)
peer.send(message[:4])
tell("partial", c.check_msg)
peer.close()
publishes("partial", c)
if c.sock:
    c.sock.close()
peer.forget()

# What comes in parts between the writes is not lost.
for packet in message, b"\x30\xcc\x01\x00\x01t" + b"y" * 201, b"\x40\x02\x00\x07", b"\xd0\x00":
    c = connected()
    for at in range(len(packet)):
        peer.send(packet[at : at + 1])
        c.publish("t", "x")
    for _ in range(2):
        tell("whole", c.check_msg)
    peer.wire()
    c.disconnect()
    peer.forget()
