"""An MQTT client that keeps its errors in `conn_issue` and queues what it could not send."""
# A name that MicroPython does not already have takes memory, so functions and arguments have names that it has.

from time import sleep_ms, ticks_diff, ticks_ms

if "." not in __name__:
    # This file was copied without its folder.
    raise ImportError("no simple2.mpy")
from . import simple2


def copy(data):
    """Returns data that can be a key and does not change: bytes for a bytearray."""
    return data if isinstance(data, (str, bytes)) else bytes(memoryview(data))


def pop(items, pid):
    """Removes a pid from {data: [pid]}; returns its data."""
    for data, pids in items.items():
        if pid in pids:
            pids.remove(pid)
            if not pids:
                items.pop(data)
            return data


def discard(topic, key, *args):
    """Removes a topic's entries except `key` from lists and dicts; of messages only the retained ones."""
    for items in args:
        for data in list(items):
            # data[-2] is a message's `retain` or a subscription's topic.
            if data[0] == topic and data[-2] and data != key:
                (items.remove if isinstance(items, list) else items.pop)(data)


class MQTTClient(simple2.MQTTClient):
    DEBUG = False
    KEEP_QOS0 = True
    NO_QUEUE_DUPS = True
    MSG_QUEUE_MAX = 5
    CONFIRM_QUEUE_MAX = 10
    RESUBSCRIBE = True
    # The longest pause between two attempts of reconnect(), in s.
    PAUSE_MAX = 5
    _cbstat = None
    # How many ms reconnect() pauses after its last attempt, which ended at `_last`.
    _pause = 50
    _last = 0

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.subs = []
        self.msg_to_send = []
        self.sub_to_send = []
        self.msg_to_confirm = {}
        self.sub_to_confirm = {}
        self.conn_issue = None
        # {message: [pid]} of the messages in `msg_to_send` that were sent before in this session.
        self._pids = {}

    def _try(self, code, name, items, data, *args):
        """Calls simple2's method; returns its result, or False if it failed. Adds a pid to {data: [pid]}."""
        # Another check_msg() may be running the callback that calls this one.
        nested = code == 10 and self._in_cb()
        try:
            value = getattr(simple2.MQTTClient, name)(self, *args)
            if value and data:
                pids = items.setdefault(data, [])
                pids.append(value)
                if len(pids) > self.CONFIRM_QUEUE_MAX:
                    pids.pop(0)
            return value
        except (OSError, simple2.MQTTException) as error:
            args = error.args or (0,)
            # This is no fault of the connection: a callback raised it, or a message is too large (4).
            if code == 10 and (self._in_cb() or args[0] == 4):
                raise
            if args[0] == 44:
                data = pop(self.sub_to_confirm, args[-1])
                if data in self.subs:
                    self.subs.remove(data)
            self.conn_issue = error, 9 if args[0] == 7 else code
            return False
        finally:
            if nested:
                simple2._link._reset(self, 8)

    def _again(self, data, pid):
        """Queues again what was sent: a message goes before those that were sent later or never."""
        queue = self.msg_to_send
        if len(data) == 2:
            if data not in self.sub_to_send:
                self.sub_to_send.append(data)
        elif not (self.NO_QUEUE_DUPS and data in queue):
            place = 0
            for other in queue:
                pids = self._pids.get(other)
                if not pids or not (pids[0] - pid) & 0x8000:
                    break
                place += 1
            queue.insert(place, data)
            self._pids.setdefault(data, []).append(pid)
            if len(queue) > self.MSG_QUEUE_MAX:
                self._pids.pop(queue.pop(0), None)

    def _ask(self):
        """Sends PINGREQ when it is time; returns whether the broker has been silent for too long."""
        limit = 1000 * (self.keepalive or 0)
        idle = ticks_diff(ticks_ms(), self.last_cpacket)
        # Whole seconds count, as in the original.
        if not limit or idle >= limit + 1000:
            return limit
        if 2 * idle >= limit and ticks_diff(self.last_ping, self.last_cpacket) <= 0:
            if self.sock and not self.conn_issue:
                MQTTClient.ping(self)
                simple2._link._reset(self, 16)

    def is_keepalive(self):
        if self._ask() and not simple2._link._reset(self, 19):
            # A program that only publishes has not read the packets that wait. (A callback is for one that was read.)
            for _ in range(99):
                if self.conn_issue:
                    return False
                if not (self.poller_r and self.poller_r.poll(0)):
                    break
                self.last_cpacket = ticks_ms()
                MQTTClient.check_msg(self)
            if self._ask():
                self.conn_issue = simple2.MQTTException(7), 9
                return False
        return True

    def set_callback_status(self, f):
        self._cbstat = f

    def cbstat(self, pid, stat):
        # After an acknowledgement of the wrong kind, its pid is still awaited.
        if stat != 2 or pid not in self.rcv_pids:
            for items in self.msg_to_confirm, self.sub_to_confirm:
                data = pop(items, pid)
                if stat:
                    # As in the original, it acknowledges all equal messages.
                    items.pop(data, None)
                elif data and pid in self._released:
                    # The broker has it. PUBCOMP may still come, and PUBREL is sent again on the next connection.
                    items.setdefault(data, []).append(pid)
                elif data:
                    self._again(data, pid)
            if stat:
                data = pop(self._pids, pid)
                if data in self.msg_to_send:
                    self.msg_to_send.remove(data)
        if self._cbstat:
            self._cbstat(pid, stat)

    def connect(self, clean_session=True, timeout=None):
        if clean_session:
            self.msg_to_send.clear()
            self.msg_to_confirm.clear()
        session = self._try(1, "connect", None, None, clean_session, timeout)
        if session is False:
            return
        self.conn_issue = None
        self._pause = 50
        # What was sent on another connection will not be acknowledged on this one.
        for items in self.msg_to_confirm, self.sub_to_confirm:
            for data in list(items):
                for pid in items.pop(data):
                    # PUBREL has just been sent again for those that the broker has.
                    if pid in self._released:
                        items.setdefault(data, []).append(pid)
                    else:
                        self._again(data, pid)
        if not session:
            self._pids.clear()
        return session

    def log(self):
        if self.DEBUG:
            error, place = self.conn_issue or (None, 0)
            # This is a list, because a tuple of constants would hold its strings once more.
            name = ["?", "connect", "publish", "subscribe", "reconnect", "sendqueue", "disconnect",
                    "ping", "wait_msg", "keepalive", "check_msg"][place]
            print("MQTT (%s): %r" % (name, error))

    def reconnect(self):
        pause = min(self._pause, int(1000 * self.PAUSE_MAX))
        early = pause - ticks_diff(ticks_ms(), self._last)
        if 0 < early <= pause:
            sleep_ms(min(early, 50))
            if early > 50:
                return
        session = self.connect(False)
        if self.conn_issue:
            self._pause = 2 * pause
        self._last = ticks_ms()
        if session == 0:
            for data in self.subs:
                self._again(data, 0)
        return session

    def resubscribe(self):
        for topic, qos in self.subs:
            self.subscribe(topic, qos, False)

    def things_to_do(self):
        lists = [self.msg_to_send, self.sub_to_send]
        for items in self.msg_to_confirm, self.sub_to_confirm:
            lists += items.values()
        return sum(map(len, lists))

    def add_msg_to_send(self, data):
        queue = self.msg_to_send
        if self.MSG_QUEUE_MAX < 1:
            return
        while True:
            pids = sum(self.msg_to_confirm.values(), [])
            if len(queue) + len(pids) < self.MSG_QUEUE_MAX:
                break
            if pids:
                oldest = pids[0]
                for pid in pids:
                    if (pid - oldest) & 0x8000:
                        oldest = pid
                pop(self.msg_to_confirm, oldest)
            else:
                self._pids.pop(queue.pop(0), None)
        queue.append(data)

    def ping(self):
        self._try(7, "ping", None, None)

    def publish(self, topic, msg, retain=False, qos=0):
        data = None
        if qos or retain:
            data = copy(topic), copy(msg), retain, qos
        self._ask()
        keep = 0 < qos < 3 or self.KEEP_QOS0 and not qos
        if retain and keep:
            discard(topic, None, self.msg_to_send, self.msg_to_confirm, self._pids)
        if self.msg_to_send:
            MQTTClient.send_queue(self, 2)
        pid = self._try(
            2, "publish", self.msg_to_confirm, data, topic, msg, retain, qos
        )
        if pid is not False:
            if retain and not keep:
                discard(topic, None, self.msg_to_send, self.msg_to_confirm, self._pids)
            return pid
        if keep:
            data = copy(topic), copy(msg), retain, qos
            if not (self.NO_QUEUE_DUPS and data in self.msg_to_send):
                self.add_msg_to_send(data)

    def subscribe(self, topic, qos=0, resubscribe=True):
        if isinstance(topic, (list, tuple)):
            for topic, qos in topic:
                pid = self.subscribe(topic, qos, resubscribe)
            return pid
        data = copy(topic), qos
        pid = self._try(3, "subscribe", self.sub_to_confirm, data, topic, qos)
        discard(topic, None, self.sub_to_send)
        discard(topic, data, self.sub_to_confirm)
        if not pid:
            self.sub_to_send.append(data)
        if self.RESUBSCRIBE and resubscribe and data not in self.subs:
            discard(topic, None, self.subs)
            self.subs.append(data)
        return pid or None

    def unsubscribe(self, topic):
        pid = self._try(3, "unsubscribe", None, None, topic)
        for topic in topic if isinstance(topic, (list, tuple)) else (topic,):
            discard(topic, None, self.subs, self.sub_to_send, self.sub_to_confirm)
        return pid or None

    def send_queue(self, code=5):
        self._ask()
        for queue, items, name in (
            (self.msg_to_send, self.msg_to_confirm, "publish"),
            (self.sub_to_send, self.sub_to_confirm, "subscribe"),
        ):
            while queue:
                data = queue[0]
                pids = self._pids.get(data)
                args = data + (True, pids[0]) if pids else data
                if self._try(code, name, items, data, *args) is False:
                    return False
                queue.pop(0)
                if pids:
                    pids.pop(0)
        self._pids.clear()
        return True

    def is_conn_issue(self):
        self.is_keepalive()
        if self.conn_issue:
            self.log()
        return bool(self.conn_issue)

    def wait_msg(self):
        before = self.conn_issue
        result = super().wait_msg()
        issue = self.conn_issue
        if issue is not before and issue[1] == 10:
            self.conn_issue = issue[0], 8
        return result

    def check_msg(self):
        result = self._try(10, "check_msg", None, None)
        self.is_keepalive()
        return result or None

    _own = check_msg
