"""What the programs of the tests share: the peer, the transcript, a client."""

import socket
import sys

try:
    from time import ticks_add, ticks_diff, ticks_ms
except ImportError:
    from utime import ticks_add, ticks_diff, ticks_ms

PORT = int(sys.argv[1])
CONNACK = b"\x20\x02\x00\x00"


class Peer:
    """The other end of the client's connection; each method is a command of it."""

    # The client that it serves last.
    client = None

    def __init__(self, port):
        self._socket = socket.socket()
        self._socket.connect(socket.getaddrinfo("127.0.0.1", port)[0][-1])

    def _ask(self, *words):
        # The hex of nothing is bytes, not str.
        self._socket.write(" ".join(word or "" for word in words) + "\n")
        reply = self._socket.readline()[:-1].decode()
        if reply.startswith("?"):
            raise RuntimeError("peer: " + reply)
        return reply

    def _arrived(self):
        """What was sent is there soon, not at once: a look at an idle socket takes a millisecond."""
        if self.client and self.client.poller_r:
            self.client.poller_r.poll(1000)

    def answer(self, data=CONNACK):
        """The next connection gets this when it has sent its first packet."""
        self._ask("answer", data.hex())

    def answer_close(self):
        """The next connection is closed when it has sent its first packet."""
        self._ask("answer-close")

    def send(self, data):
        self._ask("send", data.hex())
        self._arrived()

    def fill(self, byte, count):
        """Sends a byte `count` times."""
        self._ask("fill", byte.hex(), str(count))

    def forget(self):
        """The outcome does not show what came in this connection so far."""
        self._ask("forget")

    def trickle(self, data):
        """Sends a byte in each millisecond."""
        self._ask("trickle", data.hex())

    def close(self):
        self._ask("close")
        self._arrived()

    def reset(self):
        self._ask("reset")
        self._arrived()

    def hold(self):
        """Reads nothing more."""
        self._ask("hold")

    def hold_until_full(self):
        """Reads nothing until the client can write nothing more."""
        self._ask("hold", "until-full")

    def wire(self, count=0):
        """The bytes since the last call, once there are `count` or the client has closed."""
        return bytes.fromhex(self._ask("wire", str(count)))

    def state(self):
        """Of the last connection: open, closed, or none."""
        return self._ask("state")

    def connections(self):
        return int(self._ask("connections"))

    def refuse(self):
        """Connections are refused from now on."""
        self._ask("refuse")


peer = Peer(int(sys.argv[2]))
# A socket that is closed with unread bytes is reset: what came must be read before.
sys.atexit(peer.wire)


def name_of(error):
    """An exception by its type and arguments; a refused argument by its type alone."""
    if isinstance(error, AssertionError):
        return "AssertionError"
    return "%s %r" % (type(error).__name__, error.args)


def tell(what, call, *args, **kwargs):
    """Calls, prints what came of it, and returns the value."""
    try:
        value = call(*args, **kwargs)
    except Exception as error:
        print(what, "raised", name_of(error))
        return None
    print(what, "->", value)
    return value


def on_message(topic, msg, retained, dup):
    shown = msg if len(msg) <= 40 else "%d bytes" % len(msg)
    flags = (["retained"] if retained else []) + (["dup"] if dup else [])
    print("  message", topic, shown, *flags)


def on_status(pid, status):
    print("  status", pid, status)


def make(simple=None, **options):
    """A client of the peer, not connected."""
    if simple is None:
        from umqtt import simple2 as simple
    settings = {"port": PORT, "socket_timeout": 2}
    settings.update(options)
    c = simple.MQTTClient("c", settings.pop("server", "127.0.0.1"), **settings)
    c.set_callback(on_message)
    c.set_callback_status(on_status)
    peer.client = c
    return c


def connected(simple=None, **options):
    """A client of the peer, connected."""
    peer.answer()
    c = make(simple, **options)
    c.connect()
    c.sock.setsockopt(6, 1, 1)  # TCP_NODELAY: what is written is there
    return c


def connected_through(wrapper, **options):
    """A client of the peer whose socket was wrapped before it had read from it, so that it is taken for the port's own."""
    peer.answer()
    c = make(**options)

    def read(count):
        del c._read
        c.sock.setsockopt(6, 1, 1)
        c.sock = wrapper(c.sock)
        return c._read(count)

    c._read = read
    c.connect()
    return c


def link(c):
    """Prints the state of the client's connection."""
    print("sock", "None" if c.sock is None else "set", "- peer sees it", peer.state())


def expire(c):
    """Makes every acknowledgement that the client awaits overdue."""
    for pid in c.rcv_pids:
        c.rcv_pids[pid] = ticks_add(ticks_ms(), -1)


def milliseconds(call, *args):
    """How long a call takes; what it raises is printed."""
    start = ticks_ms()
    tell("call", call, *args)
    return ticks_diff(ticks_ms(), start)
