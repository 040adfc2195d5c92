"""What the programs of the bench share: a client with a link, and the packets that it is sent."""

import gc
import sys

import select
import socket

# The original imports these modules by their older names.
sys.modules["usocket"] = socket
sys.modules["uselect"] = select

TOPIC = b"sensors/shed/t"
MESSAGE = 64 * b"x"
EVENTS = "publish-0", "publish-1", "puback", "receive-0", "receive-1", "idle"
CALLS = {
    "publish-0": "client.publish(topic, message)",
    "publish-1": "client.publish(topic, message, False, 1)",
}


_chain = None


def make_dense():
    """Fills the holes of the heap, so that the search for free blocks costs the same for every call."""
    global _chain
    _chain = None
    gc.collect()
    above = id(bytearray(4096))
    _chain = ()
    while id(_chain) < above:
        _chain = (_chain,)


def callback(topic, message, retained, duplicate):
    pass


def connected():
    from umqtt.simple2 import MQTTClient

    client = MQTTClient("board", "broker")
    client.set_callback(callback)
    client.connect()
    return client


def packet(event, client):
    """What the broker sends for an event."""
    if event == "puback":
        (pid,) = client.rcv_pids
        return b"\x40\2" + pid.to_bytes(2, "big")
    if event not in ("receive-0", "receive-1"):
        return b""
    qos = int(event[-1])
    body = len(TOPIC).to_bytes(2, "big") + TOPIC + (b"\0\x07" if qos else b"") + MESSAGE
    return bytes((0x30 | qos << 1, len(body))) + body


def prepare(event, client):
    """Does what comes before an event; gives what the broker sends for it."""
    client.rcv_pids.clear()
    if event == "puback":
        client.publish(TOPIC, MESSAGE, False, 1)
    return packet(event, client)


class Streamed:
    """A client's socket and pollers in C, as on a board: a stream in memory, and a look into a dict."""

    def __init__(self, client):
        import io

        self.client = client
        self.stream = client.sock = io.BytesIO(bytes(512))
        sock = None
        for name, events in ("poller_r", select.POLLIN), ("poller_w", select.POLLOUT):
            poller = select.poll()
            poller.poll = {client.socket_timeout * 1000: [(sock, events)]}.get
            setattr(client, name, poller)

    def __call__(self, event):
        """Makes an event ready."""
        coming = prepare(event, self.client)
        self.stream.seek(0)
        self.stream.write(coming)
        self.stream.seek(0)
