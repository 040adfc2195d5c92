"""`umqtt.simple2` with queues for what could not be sent, and errors in `conn_issue`.

A call that fails with OSError or MQTTException returns None, and `conn_issue` says what went wrong.
But MQTTException(4), a message that is too large, is raised, and so is what a callback raises.
"""

from typing import Any

from . import simple2

_Text = str | bytes | bytearray | memoryview
_Message = tuple[_Text, _Text, bool, int]
_Subscription = tuple[_Text, int]

class MQTTClient(simple2.MQTTClient):
    DEBUG: bool
    """Whether `log()` prints. Default: False."""
    KEEP_QOS0: bool
    """Whether messages of QoS 0 are queued too if they cannot be sent. Default: True."""
    NO_QUEUE_DUPS: bool
    """Whether a message that is already in the queue is not queued again. Default: True."""
    MSG_QUEUE_MAX: int
    """The most messages unsent or unacknowledged; the oldest is dropped. Default: 5."""
    CONFIRM_QUEUE_MAX: int
    """The most equal messages that wait for an acknowledgement. Default: 10."""
    RESUBSCRIBE: bool
    """Whether `subs` keeps subscriptions for `resubscribe()` and `reconnect()`. Default: True."""
    PAUSE_MAX: float
    """The longest pause between two attempts of `reconnect()`, in seconds. Default: 5."""
    subs: list[_Subscription]
    msg_to_send: list[_Message]
    """(topic, msg, retain, qos) of each message to be sent."""
    sub_to_send: list[_Subscription]
    msg_to_confirm: dict[_Message, list[int]]
    """The pids of each message that was sent and not acknowledged."""
    sub_to_confirm: dict[_Subscription, list[int]]
    conn_issue: tuple[Exception, int] | None
    """None, or the exception and the place: 1 connect, 2 publish, 3 subscribe, 4 reconnect, 5
    sendqueue, 6 disconnect, 7 ping, 8 wait_msg, 9 keepalive, 10 check_msg. A successful connect
    clears it.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """As in `umqtt.simple2`."""

    def connect(  # type: ignore[override]
        self, clean_session: bool = True, timeout: float | None = None
    ) -> int | None:
        """As in `umqtt.simple2`; a clean session empties the queue of messages."""

    def reconnect(self) -> int | None:
        """Calls `connect(False)`. During the pause after a failure it sleeps at most 50 ms and
        returns None instead.

        The pause doubles up to PAUSE_MAX seconds. If the broker has no session, the subscriptions go
        to `sub_to_send`.
        """

    def is_keepalive(self) -> bool:
        """Sends PINGREQ if no packet has come for half of `keepalive`. If none has come for
        `keepalive` and one more second, sets `conn_issue` with code 7 and returns False.

        `check_msg()` and `is_conn_issue()` call it.
        """

    def is_conn_issue(self) -> bool:
        """Returns whether there is a `conn_issue`, and logs it."""

    def log(self) -> None:
        """Prints `conn_issue`, if DEBUG."""

    def things_to_do(self) -> int:
        """Counts what is unsent or not acknowledged; when it is 0, the device may sleep."""

    def add_msg_to_send(self, data: _Message) -> None:
        """Queues a message; a subclass may keep it elsewhere."""

    def publish(  # type: ignore[override]
        self, topic: _Text, msg: _Text, retain: bool = False, qos: int = 0
    ) -> int | None:
        """As in `umqtt.simple2`; a message that cannot be sent is queued."""

    def subscribe(  # type: ignore[override]
        self, topic: _Text, qos: int = 0, resubscribe: bool = True
    ) -> int | None:
        """As in `umqtt.simple2`, with one filter; `resubscribe` says whether `subs` keeps it."""

    def unsubscribe(  # type: ignore[override]
        self, topic: _Text
    ) -> int | None:
        """Ends a subscription, even one that is not sent yet."""

    def resubscribe(self) -> None:
        """Subscribes to all of `subs` again."""

    def send_queue(self) -> bool:
        """Sends what is queued, in order; returns False if that failed."""
