"""Does what standard input says, an expression a line, and prints what came of each.

A line `# ...` begins a scenario. Arguments: `collect`, and the collector runs all the time; `override`, and the client
is one of a subclass that overrides `_read` and `_write`.
"""

import gc

from stage import *
from umqtt.simple2 import MQTTClient, pid_gen

c = None
# What the callback of a message does besides printing.
answer = None


if "collect" in sys.argv:
    gc.threshold(64)


class Overriding(MQTTClient):
    def _write(self, *arguments):
        return super()._write(*arguments)

    def _read(self, n):
        data = super()._read(n)
        assert isinstance(data, bytes) and len(data) == n
        return data


Client = Overriding if "override" in sys.argv else MQTTClient


def checksum(data):
    total = 0
    for byte in data:
        total = (total * 31 + byte) & 0xFFFFFFFF
    return total


def brief(data):
    return data if len(data) <= 40 else "%d bytes, checksum %08x" % (len(data), checksum(data))


def played(topic, msg, retained, dup):
    print("message", brief(topic), brief(msg), retained, dup)
    if answer is not None:
        print("answer", c.publish("answer", topic, qos=answer))


def status(pid, what):
    print("status", pid, what)


def new(*arguments, will=None, **options):
    """Another client; the one before is forgotten."""
    global c, answer
    if c is not None and c.sock:
        c.sock.close()
    answer = None
    c = Client(arguments[0], "127.0.0.1", PORT, *arguments[1:], socket_timeout=2, **options)
    c.set_callback(played)
    c.set_callback_status(status)
    peer.client = c
    if will:
        c.set_last_will(*will)


def connect(clean=True):
    value = c.connect(clean)
    c.sock.setsockopt(6, 1, 1)  # TCP_NODELAY: what is written is there
    return value


def reply(qos):
    """From now on each message is answered by one of this QoS."""
    global answer
    answer = qos


def number(pid):
    """The next pid is the one after this."""
    c.newpid = pid_gen(pid)


hex = bytes.fromhex

for line in sys.stdin:
    line = line.strip()
    print(line if line.startswith("#") else "> " + line)
    if line.startswith("#"):
        continue
    try:
        print("->", eval(line))
    except Exception as error:
        print("raised", name_of(error))
    if c is not None:
        # The original's wait_msg would leave None there after an exception, and hang from then on.
        c.socket_timeout = 2
    sent = peer.wire()
    if sent:
        print("sent", sent.hex() if len(sent) <= 120 else brief(sent))
