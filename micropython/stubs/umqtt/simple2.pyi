"""An MQTT 3.1.1 client that never waits for an acknowledgement.

`publish()` and `subscribe()` return a packet id (pid) at once; the callback of
`set_callback_status()` gets the outcome. Errors are `OSError` (the network) and `MQTTException`
(its first argument is a code of `umqtt.errno`).
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

__version__: str

_Text = str | bytes | bytearray | memoryview
_OnMessage = Callable[[bytes, bytes, bool, bool], object]
_OnStatus = Callable[[int, int], object]
_OnPart = Callable[[bytes, memoryview, int, int], object]

class MQTTException(Exception):
    """An error of MQTT; `args[0]` is a code of `umqtt.errno`."""

def pid_gen(pid: int = 0) -> Iterator[int]:
    """Yields the packet ids after this one; 1 follows 65535."""

class MQTTClient:
    """A client of one broker.

    port: 0 means 8883 with `ssl`, else 1883.
    keepalive: in s; `check_msg()` sends PINGREQ by itself. 0 turns it off.
    ssl: an `SSLContext`, or True, which checks the certificate of the broker ONLY if `ssl_params`
        has `cadata` or `cert_reqs`.
    ssl_params: `cadata`, `cert_reqs`, `server_hostname`, `cert`, `key`.
    socket_timeout: in s, bounds each wait for the network; None means no limit.
    message_timeout: in s, bounds the wait for an acknowledgement; None means no limit.
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
    """The socket, which a program may poll; None without a connection.

    Nothing beyond the current packet is read.
    """
    sock_raw: Any
    """The TCP socket below TLS; else the same as `sock`."""
    poller_r: Any
    poller_w: Any
    newpid: Iterator[int]
    """Gives the packet ids; a program may assign `pid_gen(n)`."""
    rcv_pids: dict[int, int | None]
    """What is not acknowledged: {pid: the `ticks_ms()` at which it times out, or None}."""
    last_ping: int
    """`ticks_ms()` of the last PINGREQ."""
    last_cpacket: int
    """`ticks_ms()` of the last packet from the broker."""
    lw_topic: _Text | None
    lw_msg: _Text | None
    lw_qos: int
    lw_retain: bool
    cb: _OnMessage | None
    cb_part: _OnPart | None
    """`f(topic, part, offset, total)`: takes messages longer than `msg_max`, or than the
    memory allows, in parts; `part` is valid only during the call.
    """
    msg_max: int | None
    """The longest message in bytes; None means as long as memory allows.

    A longer one goes to `cb_part`, or is skipped with MQTTException(4, topic, size).
    """
    granted: bytes | None
    """The return codes of the last SUBACK: for each filter the granted QoS, or 0x80 if refused."""

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
        """`f(topic, msg, retained, dup)` receives the messages; topic and msg are bytes.

        It may publish. It runs before the PUBACK is sent. What it raises reaches the program; the
        PUBACK then goes out with the next call.
        """

    def set_callback_status(self, f: _OnStatus) -> None:
        """`f(pid, status)`: 0 timed out, 1 delivered, 2 an acknowledgement that is not awaited
        (any more).
        """

    def cbstat(self, pid: int, status: int, /) -> object:
        """The callback that `set_callback_status()` sets; a subclass may define it."""

    def set_last_will(self, topic: _Text, msg: _Text, retain: bool = False, qos: int = 0) -> None:
        """Sets the message that the broker publishes if this client is gone without `disconnect()`.

        Call it before `connect()`.
        """

    def connect(self, clean_session: bool = True, timeout: float | None = None) -> int:
        """Connects; closes a live connection first. Returns 1 if the broker has the session, else 0.

        `timeout`, in s, bounds each of TCP, TLS and CONNACK; None means `socket_timeout`. The
        look-up of a name is not bounded.
        """

    def disconnect(self) -> None:
        """Sends DISCONNECT and closes the connection; never raises."""

    def ping(self) -> None:
        """Sends PINGREQ and does not wait for the answer."""

    def publish(
        self,
        topic: _Text,
        msg: _Text,
        retain: bool = False,
        qos: int = 0,
        dup: bool = False,
        pid: int | None = None,
    ) -> int | None:
        """Sends a message; returns the pid with QoS 1 and 2, None with QoS 0.

        `dup` and `pid` are for a message that is sent again.

        Raises AssertionError, before a byte is sent, for a topic or QoS that MQTT does not allow.
        """

    def subscribe(self, topic: _Text | Sequence[tuple[_Text, int]], qos: int = 0) -> int:
        """Subscribes to a filter, or to several: `[(filter, qos), …]`. Returns the pid.

        `granted` has the answer later. If the broker refuses, `check_msg()` raises
        MQTTException(44, pid).
        """

    def unsubscribe(self, topic: _Text | Sequence[_Text]) -> int:
        """Ends the subscription to a filter, or to several. Returns the pid."""

    def check_msg(self) -> int | None:
        """Takes at most one packet and calls the callbacks; waits about 1 ms if there is none.

        Returns the first byte of an acknowledgement: 64 PUBACK, 144 SUBACK, 176 UNSUBACK; with
        QoS 2 80, 98 and 112. Returns None after a message, PINGRESP or nothing.
        """

    def wait_msg(self) -> int | None:
        """Like `check_msg()`, but waits for a packet."""

    def _read(self, n: int, /) -> bytes:
        """Reads exactly `n` bytes from the broker; a subclass may override it."""

    def _write(self, data: _Text, length: int = -1, /) -> int:
        """Writes `data`, or its first `length` bytes, to the broker; a subclass may override it."""
