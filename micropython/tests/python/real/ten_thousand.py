# micropython: -X heapsize=128K
"""Ten thousand messages each way, at QoS 0 and 1: none is lost, none comes twice, all in order."""

from broker import *
from umqtt import simple2

COUNT = 10000
# Mosquitto queues this many for a client that reads slowly.
WINDOW = 50


class Client(simple2.MQTTClient):
    sent = delivered = received = 0

    def cbstat(self, pid, status):
        assert status == 1, (pid, status)
        self.delivered += 1

    def cb(self, topic, message, retained, dup):
        assert message == b"%d" % self.received and not dup, (message, self.received)
        self.received += 1


def stream(sender, receiver, qos):
    """All of them from one client to another, which may be the same."""
    start = ticks_ms()
    while receiver.received < COUNT or (qos and sender.delivered < COUNT):
        while sender.sent < min(COUNT, receiver.received + WINDOW):
            sender.publish(b"numbers", b"%d" % sender.sent, False, qos)
            sender.sent += 1
        sender.check_msg()
        receiver.check_msg()
        assert ticks_diff(ticks_ms(), start) < 60000, (sender.sent, sender.delivered, receiver.received)
    for _ in range(20):
        receiver.check_msg()
    assert receiver.received == COUNT


def client(name, subscribe_qos=None):
    c = Client(name, "127.0.0.1", PORT)
    c.connect()
    if subscribe_qos is not None:
        c.subscribe("numbers", subscribe_qos)
        wait(lambda: c.delivered, c)
        c.delivered = 0
    return c


for qos in (0, 1):
    sender, receiver = client("sender"), client("receiver", qos)
    stream(sender, receiver, qos)
    assert not sender.rcv_pids
    sender.disconnect()
    receiver.disconnect()
both = client("both", 1)
stream(both, both, 1)
print("done")
