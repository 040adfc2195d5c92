import select
import socket
from time import ticks_ms

__version__ = "0.1.0"


class MQTTException(Exception):
    pass


def pid_gen(pid=0):
    while True:
        pid = pid + 1 if pid < 65535 else 1
        yield pid


class MQTTClient:
    cb = None
    granted = None
    msg_max = None
    cb_part = None

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
        self.sock = self.sock_raw = self.poller_r = self.poller_w = None
        self.server = server
        self.port = port or (8883 if ssl else 1883)
        self.ssl = ssl
        self.ssl_params = ssl_params or {}
        self.newpid = pid_gen()
        self.user = user
        self.pswd = password
        self.keepalive = keepalive
        self.set_last_will(None, None)
        self.rcv_pids = {}
        self.last_ping = self.last_cpacket = ticks_ms()
        self.socket_timeout = socket_timeout
        self.message_timeout = message_timeout
        self._init()

    def cbstat(self, pid, status):
        pass

    def set_callback(self, f):
        self.cb = f

    def set_callback_status(self, f):
        self.cbstat = f

    def set_last_will(self, topic, msg, retain=False, qos=0):
        if topic is not None and not (topic and 0 <= qos <= 2):
            raise AssertionError("topic")
        self.lw_topic = topic
        self.lw_msg = msg
        self.lw_qos = qos
        self.lw_retain = retain

    def connect(self, clean_session=True, timeout=None):
        self.disconnect()
        before = self.socket_timeout
        if timeout is not None:
            self.socket_timeout = timeout
        try:
            self._open()
            if clean_session:
                self.rcv_pids.clear()
            return self._start(clean_session)
        except:
            self._close()
            raise
        finally:
            self.socket_timeout = before

    def _open(self):
        error = None
        for a in socket.getaddrinfo(self.server, self.port, 0, socket.SOCK_STREAM):
            self.sock_raw = s = socket.socket(a[0], a[1], a[2])
            try:
                s.setblocking(False)
                try:
                    s.connect(a[-1])
                except OSError as e:
                    import errno

                    if e.errno != errno.EINPROGRESS:
                        raise
                self.poller_r = select.poll()
                self.poller_r.register(s, select.POLLIN)
                self.poller_w = select.poll()
                self.poller_w.register(s, select.POLLOUT)
                t = self.socket_timeout
                r = self.poller_w.poll(-1 if t is None else int(t * 1000))
                if not r:
                    raise MQTTException(30)
                if r[0][1] & ~select.POLLOUT:
                    # It was refused: the socket knows why.
                    s.read(1)
                    raise MQTTException(1)
                if self.ssl:
                    from umqtt.tls import wrap

                    s = wrap(self)
                self.sock = s
                return
            except (OSError, MQTTException) as e:
                error = e
                self._close()
        raise error

    def _close(self):
        for s in (self.sock, self.sock_raw):
            try:
                if s:
                    s.close()
            except OSError:
                pass
        self.sock = self.sock_raw = self.poller_r = self.poller_w = None

    def disconnect(self):
        if self.sock:
            try:
                self._write(b"\xe0\0")
            except (OSError, MQTTException):
                pass
        self._close()

    def ping(self):
        self._write(b"\xc0\0")
        self.last_ping = ticks_ms()

    def wait_msg(self):
        before = self.socket_timeout
        self.socket_timeout = None
        try:
            return self.check_msg()
        finally:
            self.socket_timeout = before


_install(MQTTClient)
