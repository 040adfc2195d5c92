"""Messages with a real broker: HOST PORT as arguments.

For each kind of exchange a line `kind messages seconds user system`, the last two in seconds of CPU.
"""

import ffi
import gc
import select
import socket
import struct
import sys
from time import ticks_diff, ticks_us

from umqtt.simple2 import MQTTClient

HOST, PORT = sys.argv[1], int(sys.argv[2])
TOPIC = b"sensors/shed/t"
MESSAGE = 64 * b"x"
# How long a kind is measured, and how long anything is waited for, in us.
TIME = 300000
PATIENCE = 10000000
ROUND = 500
WINDOW = 20

_usage = bytearray(144)
_getrusage = ffi.open(None).func("i", "getrusage", "ip")


def usage():
    """The user and the system time of this process, in us."""
    _getrusage(0, _usage)
    user, user_us, system, system_us = struct.unpack("qqqq", _usage)
    return user * 1000000 + user_us, system * 1000000 + system_us


class Stopwatch:
    def __init__(self):
        self.spent = [0, 0, 0]

    def start(self):
        self.begun = (ticks_us(),) + usage()

    def lap(self):
        """Counts what has passed since it was started or the last lap."""
        begun = self.begun
        self.start()
        for index in range(3):
            self.spent[index] += self.begun[index] - begun[index]

    def over(self):
        return self.spent[0] >= TIME

    def tell(self, kind, messages):
        print(kind, messages, *(us / 1000000 for us in self.spent))


came = 0


def count(*message):
    global came
    came += 1


def set_no_delay(sock):
    sock.setsockopt(6, 1, 1)  # IPPROTO_TCP, TCP_NODELAY


def client(name, no_delay):
    made = MQTTClient(name, HOST, PORT)
    made.set_callback(count)
    made.connect()
    if no_delay:
        set_no_delay(made.sock)
    return made


def until(done, client):
    begun = ticks_us()
    while not done():
        client.check_msg()
        if ticks_diff(ticks_us(), begun) > PATIENCE:
            raise SystemExit("the broker does not answer")


def publish_0():
    sender = client("sender", False)
    watch = Stopwatch()
    messages = 0
    watch.start()
    while not watch.over():
        for _ in range(ROUND):
            sender.publish(TOPIC, MESSAGE)
        messages += ROUND
        watch.lap()
    # What comes after them is acknowledged when the broker has read them.
    sender.publish(TOPIC, MESSAGE, False, 1)
    until(lambda: not sender.rcv_pids, sender)
    watch.lap()
    watch.tell("publish-0", messages + 1)
    sender.disconnect()


def publish_1(kind, window, no_delay):
    sender = client("sender", no_delay)
    pids = sender.rcv_pids
    watch = Stopwatch()
    messages = 0
    while not watch.over():
        watch.start()
        for _ in range(WINDOW):
            sender.publish(TOPIC, MESSAGE, False, 1)
            while len(pids) >= window:
                sender.check_msg()
        until(lambda: not pids, sender)
        watch.lap()
        messages += WINDOW
    watch.tell(kind, messages)
    sender.disconnect()


class Feeder:
    """Has the broker send messages, many at a time."""

    def __init__(self, qos):
        self.sock = socket.socket()
        self.sock.connect(socket.getaddrinfo(HOST, PORT)[0][-1])
        set_no_delay(self.sock)
        self.ask(b"\x10\x12\0\4MQTT\4\2\0\0\0\x06feeder", 4)
        self.packets = b""
        for pid in range(1, ROUND + 1):
            body = struct.pack(">H", len(TOPIC)) + TOPIC + (struct.pack(">H", pid) if qos else b"") + MESSAGE
            self.packets += bytes((0x30 | qos << 1, len(body))) + body
        self.answers = 4 * ROUND if qos else 0

    def ask(self, packets, answers):
        self.sock.write(packets)
        if len(self.sock.read(answers)) < answers:
            raise SystemExit("the broker takes no messages")

    def feed(self):
        # PINGRESP comes when the broker has dealt with all.
        self.ask(self.packets + b"\xc0\0", self.answers + 2)


def receive(qos, kind, no_delay=False):
    global came
    receiver = client("receiver", no_delay)
    receiver.subscribe(TOPIC, qos)
    until(lambda: not receiver.rcv_pids, receiver)
    feeder = Feeder(qos)
    watch = Stopwatch()
    messages = 0
    while not watch.over():
        feeder.feed()
        came = 0
        check_msg = receiver.check_msg
        watch.start()
        begun = ticks_us()
        while came < ROUND:
            check_msg()
            if ticks_diff(ticks_us(), begun) > PATIENCE:
                raise SystemExit("messages are lost")
        watch.lap()
        messages += ROUND
    watch.tell(kind, messages)
    feeder.sock.close()
    receiver.disconnect()


def garbage():
    """The bytes of heap that a message leaves; a client may make its buffers at the first."""
    sender = client("sender", False)
    sender.publish(TOPIC, MESSAGE)
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    for _ in range(32):
        sender.publish(TOPIC, MESSAGE)
    after = gc.mem_alloc()
    gc.enable()
    print("publish-0 garbage", (after - before) // 32)
    sender.disconnect()


publish_0()
publish_1("publish-1-window", WINDOW, False)
publish_1("publish-1-each", 1, False)
publish_1("publish-1-window-nodelay", WINDOW, True)
publish_1("publish-1-each-nodelay", 1, True)
receive(0, "receive-0")
receive(1, "receive-1")
receive(1, "receive-1-nodelay", True)
garbage()
