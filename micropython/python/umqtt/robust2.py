"""An MQTT client that keeps its errors in `conn_issue` and queues what it could not send."""

from time import sleep_ms, ticks_diff, ticks_ms

from . import simple2

_Simple = simple2.MQTTClient


def _fixed(data):
    """What can be a key and does not change: bytes for a bytearray."""
    return data if isinstance(data, (str, bytes)) else bytes(memoryview(data))


def _take(sent, pid):
    """Takes a pid out of {data: [pid]}; returns its data."""
    for data, pids in sent.items():
        if pid in pids:
            pids.remove(pid)
            if not pids:
                sent.pop(data)
            return data


def _drop(topic, but, *places):
    """Takes what is for a topic out of lists and dicts; of messages only the retained ones."""
    for place in places:
        for data in list(place):
            # The last but one is a message's `retain` and a subscription's topic.
            if data[0] == topic and data[-2] and data != but:
                (place.remove if isinstance(place, list) else place.pop)(data)


class MQTTClient(_Simple):
    DEBUG = False
    KEEP_QOS0 = True
    NO_QUEUE_DUPS = True
    MSG_QUEUE_MAX = 5
    CONFIRM_QUEUE_MAX = 10
    RESUBSCRIBE = True
    _cbstat = None
    # How many ms reconnect() waits, and since when.
    _pause = 50
    _tried = 0

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.subs = []
        self.msg_to_send = []
        self.sub_to_send = []
        self.msg_to_confirm = {}
        self.sub_to_confirm = {}
        self.conn_issue = None
        # {message: [pid]} of those in `msg_to_send` that were sent before in this session.
        self._pids = {}

    def _try(self, place, call, *args):
        """What the call returns; False if it failed."""
        try:
            return call(self, *args)
        except (OSError, simple2.MQTTException) as error:
            if place == 10 and self._in_cb():
                raise
            code = (error.args or (0,))[0]
            if code == 44:
                data = _take(self.sub_to_confirm, error.args[-1])
                if data in self.subs:
                    self.subs.remove(data)
            self.conn_issue = error, 9 if code == 7 else place
            return False

    def _sent(self, sent, data, pid):
        if pid:
            pids = sent.setdefault(data, [])
            pids.append(pid)
            if len(pids) > self.CONFIRM_QUEUE_MAX:
                pids.pop(0)

    def _again(self, data, pid):
        """Queues what was sent: a message goes before those that were sent later or never."""
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

    def is_keepalive(self):
        stale = self._stale()
        if stale and not self.conn_issue:
            self.conn_issue = simple2.MQTTException(7), 9
        return not stale

    def set_callback_status(self, f):
        self._cbstat = f

    def cbstat(self, pid, status):
        # An acknowledgement of the wrong kind leaves its pid awaited.
        if status != 2 or pid not in self.rcv_pids:
            for sent in self.msg_to_confirm, self.sub_to_confirm:
                data = _take(sent, pid)
                if data and not status:
                    self._again(data, pid)
            if status:
                data = _take(self._pids, pid)
                if data in self.msg_to_send:
                    self.msg_to_send.remove(data)
        if self._cbstat:
            self._cbstat(pid, status)

    def connect(self, clean_session=True, timeout=None):
        if clean_session:
            self.msg_to_send.clear()
            self.msg_to_confirm.clear()
        session = self._try(1, _Simple.connect, clean_session, timeout)
        if session is False:
            return
        self.conn_issue = None
        # What was sent on another connection is not acknowledged on this one.
        for sent in self.msg_to_confirm, self.sub_to_confirm:
            for data in sent:
                for pid in sent[data]:
                    self._again(data, pid)
            sent.clear()
        if not session:
            self._pids.clear()
        return session

    def log(self):
        if self.DEBUG:
            error, place = self.conn_issue or (None, 0)
            # A list: a tuple of constants would hold its strings once more.
            name = ["?", "connect", "publish", "subscribe", "reconnect", "sendqueue", "disconnect",
                    "ping", "wait_msg", "keepalive", "check_msg"][place]
            print("MQTT (%s): %r" % (name, error))

    def reconnect(self):
        early = self._pause - ticks_diff(ticks_ms(), self._tried)
        if 0 < early <= self._pause:
            sleep_ms(min(early, 50))
            if early > 50:
                return
        session = self.connect(False)
        self._pause = min(2 * self._pause, 60000) if self.conn_issue else 50
        self._tried = ticks_ms()
        if session == 0:
            for data in self.subs:
                self._again(data, 0)
        return session

    def resubscribe(self):
        for topic, qos in self.subs:
            self.subscribe(topic, qos, False)

    def things_to_do(self):
        count = len(self.msg_to_send) + len(self.sub_to_send)
        for sent in self.msg_to_confirm, self.sub_to_confirm:
            count += sum(map(len, sent.values()))
        return count

    def add_msg_to_send(self, data):
        queue = self.msg_to_send
        if self.MSG_QUEUE_MAX < 1:
            return
        while True:
            count = len(queue)
            oldest = 0
            for pids in self.msg_to_confirm.values():
                for pid in pids:
                    count += 1
                    if not oldest or not (oldest - pid) & 0x8000:
                        oldest = pid
            if count < self.MSG_QUEUE_MAX:
                break
            if oldest:
                _take(self.msg_to_confirm, oldest)
            else:
                self._pids.pop(queue.pop(0), None)
        queue.append(data)

    def ping(self):
        self._try(7, _Simple.ping)

    def publish(self, topic, msg, retain=False, qos=0):
        data = None
        if qos or retain:
            data = _fixed(topic), _fixed(msg), retain, qos
        keep = 0 < qos < 3 or self.KEEP_QOS0 and not qos
        if retain and keep:
            _drop(topic, None, self.msg_to_send, self.msg_to_confirm, self._pids)
        if self.msg_to_send:
            MQTTClient.send_queue(self, 2)
        pid = self._try(2, _Simple.publish, topic, msg, retain, qos)
        if pid is not False:
            if retain:
                _drop(topic, None, self.msg_to_send, self.msg_to_confirm, self._pids)
            self._sent(self.msg_to_confirm, data, pid)
            return pid
        if keep:
            data = _fixed(topic), _fixed(msg), retain, qos
            if not (self.NO_QUEUE_DUPS and data in self.msg_to_send):
                self.add_msg_to_send(data)

    def subscribe(self, topic, qos=0, resubscribe=True):
        if isinstance(topic, (list, tuple)):
            for topic, qos in topic:
                pid = self.subscribe(topic, qos, resubscribe)
            return pid
        data = topic, qos
        pid = self._try(3, _Simple.subscribe, topic, qos)
        _drop(topic, None, self.sub_to_send)
        _drop(topic, data, self.sub_to_confirm)
        if pid:
            self._sent(self.sub_to_confirm, data, pid)
        else:
            self.sub_to_send.append(data)
        if self.RESUBSCRIBE and resubscribe and data not in self.subs:
            _drop(topic, None, self.subs)
            self.subs.append(data)
        return pid or None

    def unsubscribe(self, topic):
        pid = self._try(3, _Simple.unsubscribe, topic)
        for topic in topic if isinstance(topic, (list, tuple)) else (topic,):
            _drop(topic, None, self.subs, self.sub_to_send, self.sub_to_confirm)
        return pid or None

    def send_queue(self, place=5):
        for queue, sent, call in (
            (self.msg_to_send, self.msg_to_confirm, _Simple.publish),
            (self.sub_to_send, self.sub_to_confirm, _Simple.subscribe),
        ):
            while queue:
                data = queue[0]
                pids = self._pids.get(data)
                pid = self._try(place, call, *(data + (True, pids[0]) if pids else data))
                if pid is False:
                    return False
                queue.pop(0)
                if pids:
                    pids.pop(0)
                self._sent(sent, data, pid)
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
        if self.conn_issue is not before and self.conn_issue[1] == 10:
            self.conn_issue = self.conn_issue[0], 8
        return result

    def check_msg(self):
        self.is_keepalive()
        return self._try(10, _Simple.check_msg) or None
