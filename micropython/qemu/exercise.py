"""Every board runs this with its own umqtt: a client from connect() to disconnect(), with a broker in memory."""

import gc
import io
import select
import sys
import time

sent = []


class Socket(io.IOBase):
    """A socket whose peer answers at once, as a broker does, and sends back what it is published."""

    def __init__(self, *kind):
        self.coming = b""

    def connect(self, address):
        assert address == ("broker", 1883)

    def settimeout(self, seconds):
        pass

    def setblocking(self, waits):
        pass

    def ioctl(self, request, argument):
        poll = 3
        if request != poll:
            return -1
        return argument & (select.POLLOUT | (select.POLLIN if self.coming else 0))

    def write(self, packet, length=None):
        packet = bytes(packet if length is None else memoryview(packet)[:length])
        sent.append(packet)
        kind = packet[0] >> 4
        if kind == 1:
            self.coming += b"\x20\2\0\0"
        elif kind == 3:
            if packet[0] & 6:
                self.coming += b"\x40\2" + packet[4 + packet[3] :][:2]
            self.coming += packet
        elif kind == 8:
            self.coming += b"\x90\3" + packet[2:4] + b"\1"
        elif kind == 12:
            self.coming += b"\xd0\0"
        return len(packet)

    def read(self, count):
        # In pieces, so that a packet is put together from several.
        count = min(count, 3)
        part, self.coming = self.coming[:count], self.coming[count:]
        return part or None

    def close(self):
        pass


class Network:
    SOCK_STREAM = 1
    socket = Socket

    @staticmethod
    def getaddrinfo(host, port, *hints):
        return [(2, 1, 0, "", (host, port))]


sys.modules["socket"] = Network

from umqtt import errno, robust2, simple2

told = []


class Client(robust2.MQTTClient):
    def __init__(self, *arguments, **named):
        super().__init__(*arguments, **named)
        self.writes = 0

    def _write(self, *arguments):
        self.writes += 1
        return super()._write(*arguments)


def take(topic, message, retained, duplicate):
    gc.collect()
    told.append((topic, message, retained, duplicate))


def status(packet_id, code):
    told.append((packet_id, code))


def until(count):
    end = time.ticks_add(time.ticks_ms(), 20000)
    while len(told) < count:
        client.check_msg()
        assert time.ticks_diff(end, time.ticks_ms()) > 0, told
    done, told[:] = told[:], []
    return done


client = Client("board", "broker", keepalive=60)
client.set_callback(take)
client.set_callback_status(status)
client.set_last_will("gone", b"bye")
assert not client.connect()
assert sent.pop() == b"\x10\x1c\0\4MQTT\4\6\0\x3c\0\5board\0\4gone\0\3bye"
one = client.subscribe("a/#", qos=1)
assert until(1) == [(one, 1)]
assert sent == [b"\x82\x08" + one.to_bytes(2, "big") + b"\0\3a/#\1"]
client.publish("a/0", b"x" * 200)
assert until(1) == [(b"a/0", b"x" * 200, False, False)]
two = client.publish("a/1", "text", retain=True, qos=1)
assert until(2) == [(two, 1), (b"a/1", b"text", True, False)]
client.ping()
# The acknowledgement of what came with QoS 1 is among it.
assert sent[-2:] == [b"\x40\2" + two.to_bytes(2, "big"), b"\xc0\0"]
for call in (
    lambda: client.publish("a/+", b""),
    lambda: client.publish("a", b"", qos=3),
    lambda: client.publish(b"\xff", b""),
):
    try:
        call()
        raise SystemExit("what no broker takes was not refused")
    except AssertionError:
        pass
client.sock.coming = b"\xf0\0"
client.NO_QUEUE_DUPS = True
try:
    simple2.MQTTClient.check_msg(client)
    raise SystemExit("a packet of no type was taken")
except simple2.MQTTException as error:
    assert error.args == (-1,)
assert client.sock is None and client.writes >= 5
client.disconnect()
print("exercised", len(sent), errno.__name__)
