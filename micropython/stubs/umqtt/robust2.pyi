"""`umqtt.simple2` that keeps what it could not send, and its errors in `conn_issue`.

Calls do not raise OSError or MQTTException: they return None, and `conn_issue` says what went
wrong.
"""

from typing import Any

from . import simple2

_Text = str | bytes | bytearray | memoryview
_Message = tuple[_Text, _Text, bool, int]
_Subscription = tuple[_Text, int]

class MQTTClient(simple2.MQTTClient):
    DEBUG: bool
    """`log()` prints; False."""
    KEEP_QOS0: bool
    """Messages of QoS 0 are queued too when they cannot be sent; True."""
    NO_QUEUE_DUPS: bool
    """A message that is in the queue is not queued again; True."""
    MSG_QUEUE_MAX: int
    """The longest queue of messages, sent and not acknowledged ones counted; the oldest goes. 5."""
    CONFIRM_QUEUE_MAX: int
    """How many equal messages wait for an acknowledgement at most; 10."""
    RESUBSCRIBE: bool
    """Subscriptions are kept in `subs`, for `resubscribe()` and `reconnect()`; True."""
    PAUSE_MAX: float
    """The longest pause between two tries of `reconnect()`, in seconds; 5."""
    subs: list[_Subscription]
    msg_to_send: list[_Message]
    """(topic, msg, retain, qos) of what is to be sent."""
    sub_to_send: list[_Subscription]
    msg_to_confirm: dict[_Message, list[int]]
    """The pids of what was sent and not acknowledged."""
    sub_to_confirm: dict[_Subscription, list[int]]
    conn_issue: tuple[Exception, int] | None
    """None, or the exception and the place: 1 connect, 2 publish, 3 subscribe, 4 reconnect, 5
    sendqueue, 6 disconnect, 7 ping, 8 wait_msg, 9 keepalive, 10 check_msg. A connect that succeeds
    clears it.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """As of `umqtt.simple2`."""

    def connect(  # type: ignore[override]
        self, clean_session: bool = True, timeout: float | None = None
    ) -> int | None:
        """As of `umqtt.simple2`; a clean session empties the queue of messages."""

    def reconnect(self) -> int | None:
        """`connect(False)`, but after failures only when it is time: it waits up to 50 ms, then
        returns None.

        The pause doubles up to PAUSE_MAX seconds. If the broker has no session, the subscriptions go to
        `sub_to_send`.
        """

    def is_keepalive(self) -> bool:
        """False, and a `conn_issue` of code 7, when no packet has come for `keepalive` and a second
        more; when none has come for half of `keepalive`, it sends PINGREQ. `check_msg()` and
        `is_conn_issue()` call it.
        """

    def is_conn_issue(self) -> bool:
        """Whether there is a `conn_issue`, which it logs."""

    def log(self) -> None:
        """Prints `conn_issue`, if DEBUG."""

    def things_to_do(self) -> int:
        """How much is unsent or not acknowledged; at 0 the device may sleep."""

    def add_msg_to_send(self, data: _Message) -> None:
        """Queues a message; a subclass may keep it elsewhere."""

    def publish(  # type: ignore[override]
        self, topic: _Text, msg: _Text, retain: bool = False, qos: int = 0
    ) -> int | None:
        """As of `umqtt.simple2`; a message that cannot be sent is queued."""

    def subscribe(  # type: ignore[override]
        self, topic: _Text, qos: int = 0, resubscribe: bool = True
    ) -> int | None:
        """As of `umqtt.simple2`, of one filter; `resubscribe` says whether it is kept in `subs`."""

    def unsubscribe(  # type: ignore[override]
        self, topic: _Text
    ) -> int | None:
        """Ends a subscription, also one that is not sent yet."""

    def resubscribe(self) -> None:
        """Subscribes to all of `subs` again."""

    def send_queue(self) -> bool:
        """Sends what is queued, in order; False if that failed."""
