"""What umqtt.simple2 needs only occasionally: the link, and packets other than PUBLISH and PUBACK."""

import select
import socket
from time import ticks_add, ticks_diff, ticks_ms

from . import simple2
from .simple2 import MQTTException, pid_gen

try:
    from _thread import allocate_lock, get_ident

    _lock = allocate_lock()
except ImportError:
    get_ident = _lock = None

_init, _connect, _request, _ack, _reset, _tell, _alive, _ended = _install


def __init__(
    self,
    client_id,
    server,
    port=0,
    user=None,
    password=None,
    keepalive=0,
    ssl=False,
    ssl_params=None,
    socket_timeout=5,
    message_timeout=10,
):
    self.client_id = client_id
    self.server = server
    self.port = port or (8883 if ssl else 1883)
    # An attribute with the same value as in the class is not set.
    for name, value in zip(
        ["user", "pswd", "keepalive", "ssl", "lw_topic", "lw_msg", "lw_qos", "lw_retain"],
        [user, password, keepalive, ssl, None, None, 0, False],
    ):
        if getattr(self, name) != value:
            setattr(self, name, value)
    self.ssl_params = ssl_params or {}
    self.socket_timeout = socket_timeout
    self.message_timeout = message_timeout
    self.sock = self.sock_raw = self.poller_r = self.poller_w = None
    self.newpid = pid_gen()
    self.rcv_pids = {}
    self._received = set()
    self.last_ping = self.last_cpacket = ticks_ms()
    _init(self, simple2._read, simple2._write)


def cbstat(self, pid, status):
    pass


def set_callback(self, f):
    self.cb = f


def set_callback_status(self, f):
    self.cbstat = f


def set_last_will(self, topic, msg, retain=False, qos=0):
    if not topic or not 0 <= qos <= 2:
        raise AssertionError("topic" if qos in (0, 1, 2) else "qos")
    self.lw_topic = topic
    self.lw_msg = msg
    self.lw_qos = qos
    self.lw_retain = retain


def connect(self, clean_session=True, timeout=None):
    before = self.socket_timeout
    packet = _connect(
        clean_session,
        self.keepalive or 0,
        self.client_id,
        self.user,
        self.pswd,
        self.lw_topic,
        self.lw_msg,
        self.lw_qos,
        self.lw_retain,
    )
    if isinstance(packet, int):
        raise AssertionError((None, "keepalive", "client_id", "user", "password", "topic", "msg")[packet])
    self.disconnect()
    # In a callback of wait_msg(), the time-out is the one from before wait_msg().
    self.socket_timeout = _timeout(self) if timeout is None else timeout
    try:
        tells = _open(self)
        _reset(self, 0)
        if clean_session:
            self.rcv_pids.clear()
        # A program's own _write() may keep what it gets.
        self._write(packet if _reset(self, 14) else bytes(packet))
        answer = self._read(4)
    except:
        _close(self)
        raise
    finally:
        self.socket_timeout = before
        # The password must not stay in memory.
        packet[:] = bytes(len(packet))
    code = answer[3]
    if answer[0] != 0x20 or answer[1] != 2 or answer[2] > 1:
        _fail(self, 29)
    if code:
        _close(self)
        raise MQTTException(20 + code) if code < 6 else MQTTException(20, code)
    _reset(self, 4)
    if clean_session or not answer[2]:
        # What came in another session does not matter in this one.
        _reset(self, 1)
        self._received = set()
        self._released = ()
    else:
        _reset(self, 17)
    try:
        _reset(self, 13 if tells else 12)
    except OSError:
        # It is not a socket of MicroPython's.
        pass
    if self._released:
        _module("_qos2").release(self)
    return answer[2]


def _open(self):
    error = None
    for address in socket.getaddrinfo(self.server, self.port, 0, socket.SOCK_STREAM):
        try:
            return _dial(self, address)
        except (OSError, MQTTException) as e:
            error = e
            _close(self)
    raise error


def _dial(self, address):
    self.sock_raw = sock = socket.socket(*address[:3])
    sock.setblocking(False)
    try:
        sock.connect(address[-1])
    except OSError as e:
        from errno import EINPROGRESS

        if e.errno != EINPROGRESS:
            raise
    _watch(self, sock)
    for _, events in self.poller_w.poll(_milliseconds(self.socket_timeout)):
        if events & ~select.POLLOUT:
            # The connection was refused; read() raises the reason.
            sock.read(1)
            raise MQTTException(1)
        break
    else:
        raise MQTTException(30)
    tells = True
    if self.ssl:
        module = _module("_tls")
        sock = module.wrap(self, sock)
        # axTLS does not report what it has already read.
        tells = hasattr(module.tls, "MBEDTLS_VERSION")
        _watch(self, sock)
    self.sock = sock
    return tells


def _watch(self, sock):
    self.poller_r = select.poll()
    self.poller_r.register(sock, select.POLLIN)
    self.poller_w = select.poll()
    self.poller_w.register(sock, select.POLLOUT)


def _close(self):
    sock = self.sock or self.sock_raw
    self.sock = self.sock_raw = self.poller_r = self.poller_w = None
    _reset(self, 2)
    self._part = b""
    self._big = self._times = None
    if sock:
        try:
            sock.close()
        except OSError:
            pass


def _fail(self, *code):
    _close(self)
    raise MQTTException(*code)


def disconnect(self):
    if self.sock:
        # DISCONNECT is sent without checking whether the broker has closed the connection.
        _reset(self, 2)
        try:
            self._write(b"\xe0\0")
        except (OSError, MQTTException):
            pass
        finally:
            _close(self)


def ping(self):
    self._write(b"\xc0\0")
    self.last_ping = ticks_ms()


def publish(self, topic, msg, retain=False, qos=0, dup=False, pid=None):
    """Returns the arguments in order."""
    return self, topic, msg, retain, qos, dup, pid


def subscribe(self, topic, qos=0):
    if self.cb is None:
        raise AssertionError("cb")
    return _request(self, True, topic if isinstance(topic, (list, tuple)) else ((topic, qos),))


def unsubscribe(self, topic):
    return _request(self, False, topic if isinstance(topic, (list, tuple)) else (topic,))


def wait_msg(self):
    before = self.socket_timeout
    outer = self._before
    self._before = _timeout(self)
    self.socket_timeout = None
    _reset(self, 20)
    try:
        return self.check_msg()
    finally:
        # One of the program's own may not have called ours.
        _reset(self, 21)
        self.socket_timeout = before
        self._before = outer


def _in_cb(self):
    return _reset(self, 7)


def _timeout(self):
    """socket_timeout as it is outside wait_msg(), which another thread may begin or end meanwhile."""
    time = self.socket_timeout
    if time is None:
        time = self._before
    return self.socket_timeout if time is None else time


def _milliseconds(time):
    return -1 if time is None else int(time * 1000)


def _wait(self, poller, end, looks=None):
    """Waits for a socket until `end`, or for socket_timeout if `end` is None; returns the end.

    With `looks` it waits for the rest of a packet, and checks for time-outs meanwhile.
    """
    while True:
        if not self.sock:
            raise MQTTException(28)
        # A write does not wait longer because wait_msg() does.
        left = _milliseconds(_timeout(self) if poller is self.poller_w else self.socket_timeout)
        if left >= 0:
            now = ticks_ms()
            if end is None:
                end = ticks_add(now, left)
            left = ticks_diff(end, now)
            if left < 0:
                raise MQTTException(30)
        time = _turn(self) if looks else -1
        is_last = time < 0 or 0 <= left <= time
        if poller.poll(left if is_last else time):
            return end
        if looks:
            # Nothing waits to be read, and each part that came has postponed giving up.
            _look(self, True)
        if is_last:
            raise MQTTException(30)


def _turn(self):
    """How long no check for time-outs is needed, in ms; -1 is for ever."""
    return min((self.keepalive or 4) * 250, 1000) if self.keepalive or self.rcv_pids else -1


def _write(self, buf, length=-1):
    if isinstance(buf, str):
        buf = buf.encode()
    if length < 0:
        length = len(buf)
    if not self.sock:
        raise MQTTException(28)
    _ended(self)
    _more(self, buf, length, self.sock.write(buf, length))
    return length


def _more(self, buf, length, written):
    """Writes the rest of a packet, of which the socket took `written` bytes, or nothing (None)."""
    end = None
    sent = written or 0
    buf = memoryview(buf if not isinstance(buf, str) else buf.encode())
    try:
        while sent < length:
            end = _wait(self, self.poller_w, end)
            count = self.sock.write(buf[sent:length], length - sent)
            if count:
                sent += count
                end = None
            elif _reset(self, 18):
                # The socket was writable, but took nothing or did not say how much.
                raise MQTTException(3)
    except MQTTException:
        # A part of a packet was sent: the broker could not read anything after it.
        if sent:
            _fail(self, 3)
        raise
    except:
        if sent:
            _close(self)
        raise
    _reset(self, 6)


def _peek(self):
    """The next bytes that have come, while nothing else reads. None if `_read` has kept some."""
    try:
        return None if self._part else self.sock.read(1)
    except:
        _reset(self, 15)
        raise


def _payload(self, msg):
    """Writes the payload of a large packet; if that fails, the header is useless, so the link is closed."""
    try:
        self._write(msg)
    except:
        _close(self)
        raise


def _read(self, n):
    if n < 0:
        raise MQTTException(2)
    times = self._times
    end = times and times[0]
    while True:
        if not self.sock:
            raise MQTTException(8)
        part = self._part
        if len(part) >= n:
            self._part = part[n:]
            return part[:n]
        more = _get(self.sock, n - len(part))
        if more:
            self._part = part + more
            if times:
                _reset(self, 11)
                times[1] = end is not None
            else:
                # Each part has its own time-out.
                end = None
        elif more is None:
            if times:
                _look(self, False)
            end = _wait(self, self.poller_r, end, times)
            if times:
                times[0] = end
        else:
            _reset(self, 22)
            raise MQTTException(1)


def _get(sock, n):
    """Reads up to `n` bytes; returns None also for EAGAIN."""
    try:
        return sock.read(n)
    except OSError as error:
        # A link that has timed out (110) is no idle link.
        if error.errno != 11:
            raise


def _fetch(self, n, again):
    """Reads on in a packet by the program's `_read`; returns False if something came in time, but not all of it."""
    if not again:
        self._kept = [None, False]
    self._times = times = self._kept
    try:
        return self._read(n)
    except MQTTException as error:
        if times[1] and error.args[0] == 30:
            return False
        _reset(self, 15)
        raise
    finally:
        self._times = None


def _idle(self, again, waits):
    """Waits when there is nothing to read, but not `again`; returns whether there is something now."""
    while True:
        # None is of wait_msg(), and then not for a check_msg() in its callback, or of the program.
        forever = self.socket_timeout is None and (waits or self._before is None)
        if forever or not again:
            time = _turn(self) if forever else 1
            poller = self.poller_r
            try:
                events = poller.ipoll(time)
            except AttributeError:
                # The poller is the program's. (Looking up a builtin such as `hasattr` first would be slow.)
                events = poller.poll(time)
            for _ in events:
                return True
        if not forever:
            return False
        _look(self, True)
        if not self.sock:
            raise MQTTException(28)


def _rest(self, end, came, fresh):
    """Waits for the rest of a packet until `end`; returns False to stop, or else the end for the next time.

    `came`: something came during the wait; `fresh`: something came since the last time or the beginning of the call.
    """
    if fresh:
        _reset(self, 11)
    _look(self, False)
    try:
        return _wait(self, self.poller_r, end, True)
    except MQTTException as error:
        if came and error.args[0] == 30:
            return False
        raise


def _look(self, idle):
    pids = self.rcv_pids
    if pids:
        now = ticks_ms()
        for pid in list(pids):
            end = pids.get(pid)
            if end is not None and ticks_diff(end, now) <= 0:
                del pids[pid]
                _tell(self, pid, 0)
    if self.keepalive and self.sock:
        # After a PINGREQ the broker has socket_timeout to answer, but at most half of keepalive.
        time = self.keepalive * 500
        limit = _milliseconds(self.socket_timeout)
        if limit >= 0:
            # A short socket_timeout is for polling; the broker's answer may take longer.
            time = min(time, max(limit, 1000))
        action = _alive(self, self.keepalive, time)
        if action == 1:
            self.ping()
        elif action and idle:
            # It gives up only when idle: PINGRESP may come after data that is still to be read.
            _fail(self, 7)


def _packet(self, first, body):
    if first == 0xD0:
        _reset(self, 5)
        return None
    if first not in (0x40, 0x90, 0xB0):
        if 0x40 < first < 0x80:
            return _module("_qos2").packet(self, first, body)
        _fail(self, -1)
    ack = _ack(self, first, body)
    if ack is None:
        if first == 0x90:
            _fail(self, 40, bytes((len(body),)) + body)
        _fail(self, -1)
    pid = ack >> 2
    if first == 0x90:
        self.granted = body[2:]
        if ack & 1 and 0x80 in self.granted:
            raise MQTTException(44, pid)
    _tell(self, pid, ack & 3)
    return first


def _wanted(self, length):
    return self.msg_max is None or length <= self.msg_max


def _large(self, header):
    module = _module("_large")
    if not self._big:
        module.begin(self, header)
    return module.go_on(self)


def _qos2(self, *message):
    _module("_qos2").message(self, *message)


def _module(name):
    """One of our modules. Two threads must not import at once."""
    if _lock:
        _lock.acquire()
    try:
        return __import__(name, None, None, ("",), 1)
    finally:
        if _lock:
            _lock.release()


if not hasattr(simple2.MQTTClient, "cbstat"):
    simple2.MQTTClient.cbstat = cbstat
