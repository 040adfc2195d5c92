"""An MQTT 3.1.1 client that never waits for an acknowledgement.

`publish()` and `subscribe()` give a packet id (pid) at once; `set_callback_status()` tells what
became of it. Errors are `OSError` (the network) and `MQTTException` (its first argument is a code
of `umqtt.errno`).
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

__version__: str

_Text = str | bytes | bytearray | memoryview
_OnMessage = Callable[[bytes, bytes, bool, bool], object]
_OnStatus = Callable[[int, int], object]
_OnPart = Callable[[bytes, memoryview, int, int], object]

class MQTTException(Exception):
    """What went wrong: `args[0]` is a code of `umqtt.errno`."""

def pid_gen(pid: int = 0) -> Iterator[int]:
    """Packet ids after this one; 1 follows 65535."""

class MQTTClient:
    """A client of one broker.

    port: 0 is 8883 with `ssl`, else 1883.
    keepalive: in s; `check_msg()` sends PINGREQ by itself. 0 is off.
    ssl: an `SSLContext`, or True, which checks the certificate of the broker ONLY if `ssl_params`
        has `cadata` or `cert_reqs`.
    ssl_params: `cadata`, `cert_reqs`, `server_hostname`, `cert`, `key`.
    socket_timeout: in s, bounds each wait for the network; None is endless.
    message_timeout: in s, bounds the wait for an acknowledgement; None is never.
    """

    client_id: _Text
    server: str
    port: int
    user: _Text | None
    pswd: _Text | None
    keepalive: int
    ssl: Any
    ssl_params: dict[str, Any]
    socket_timeout: float | None
    message_timeout: float | None
    sock: Any
    """The socket, to be polled by others; None without a connection.

    Nothing behind the current packet is read.
    """
    sock_raw: Any
    """The TCP socket below TLS; else the same as `sock`."""
    poller_r: Any
    poller_w: Any
    newpid: Iterator[int]
    """Gives the packet ids; `pid_gen(n)` may be assigned."""
    rcv_pids: dict[int, int | None]
    """What is not acknowledged: {pid: the `ticks_ms()` when it times out, or None}."""
    last_ping: int
    """`ticks_ms()` of the last PINGREQ."""
    last_cpacket: int
    """`ticks_ms()` of the last packet from the broker that proves that it is there."""
    lw_topic: _Text | None
    lw_msg: _Text | None
    lw_qos: int
    lw_retain: bool
    cb: _OnMessage | None
    cb_part: _OnPart | None
    """`f(topic, part, offset, total)`: takes messages longer than `msg_max` in parts; `part` is
    lent for the call.
    """
    msg_max: int | None
    """The longest message in bytes; None: what memory allows.

    A longer one is skipped, with MQTTException(4, topic, size).
    """
    granted: bytes | None
    """The return codes of the last SUBACK: a granted QoS, or 0x80, for each filter."""

    def __init__(
        self,
        client_id: _Text,
        server: str,
        port: int = 0,
        user: _Text | None = None,
        password: _Text | None = None,
        keepalive: int = 0,
        ssl: Any = False,
        ssl_params: dict[str, Any] | None = None,
        socket_timeout: float | None = 5,
        message_timeout: float | None = 10,
    ) -> None: ...
    def set_callback(self, f: _OnMessage) -> None:
        """`f(topic, msg, retained, dup)` takes the messages; topic and msg are bytes.

        It may publish. It runs before the PUBACK. What it raises reaches the program; the PUBACK
        then goes out with the next call.
        """

    def set_callback_status(self, f: _OnStatus) -> None:
        """`f(pid, status)`: 0 timed out, 1 delivered, 2 an acknowledgement that nobody waits for
        (any more).
        """

    def cbstat(self, pid: int, status: int, /) -> object:
        """What `set_callback_status()` sets; a subclass may define it."""

    def set_last_will(self, topic: _Text, msg: _Text, retain: bool = False, qos: int = 0) -> None:
        """What the broker publishes when this client is gone without `disconnect()`.

        Before `connect()`.
        """

    def connect(self, clean_session: bool = True, timeout: float | None = None) -> int:
        """Connects; closes a live connection first. 1 if the broker still has the session, else 0.

        `timeout` in s bounds TCP, TLS and CONNACK each; None: `socket_timeout`. A name is looked up
        without a bound.
        """

    def disconnect(self) -> None:
        """Says goodbye and closes; never fails."""

    def ping(self) -> None:
        """Sends PINGREQ; does not wait."""

    def publish(
        self,
        topic: _Text,
        msg: _Text,
        retain: bool = False,
        qos: int = 0,
        dup: bool = False,
        pid: int | None = None,
    ) -> int | None:
        """Sends a message: the pid with QoS 1 and 2, None with QoS 0.

        `dup` and `pid` are for one that is sent again.

        AssertionError, before a byte is sent, for a topic or QoS that MQTT does not allow.
        """

    def subscribe(self, topic: _Text | Sequence[tuple[_Text, int]], qos: int = 0) -> int:
        """Asks for the messages of a filter, or of several: `[(filter, qos), …]`.

        The pid; `granted` has the answer.

        If the broker refuses: MQTTException(44, pid) from `check_msg()`.
        """

    def unsubscribe(self, topic: _Text | Sequence[_Text]) -> int:
        """Ends the subscription of a filter, or of several. The pid."""

    def check_msg(self) -> int | None:
        """Takes at most one packet and calls the callbacks; waits about 1 ms when there is none.

        The first byte of an acknowledgement: 64 PUBACK, 144 SUBACK, 176 UNSUBACK, with QoS 2 80, 98
        and 112. None after a message, PINGRESP or nothing.
        """

    def wait_msg(self) -> int | None:
        """As `check_msg()`, but waits for a packet."""

    def _read(self, n: int, /) -> bytes:
        """Reads exactly so many bytes from the broker; for a subclass to override."""

    def _write(self, data: _Text, length: int = -1, /) -> int:
        """Writes to the broker, all or the first `length` bytes; for a subclass to override."""
