from time import sleep_ms, ticks_ms

if "." not in __name__:
    raise ImportError("no _link.mpy")

__version__ = "0.1.0"
_link = None
_token = [0]


def _load():
    global _link
    # Two threads must not import at once: the one that takes the token does.
    while not _link:
        try:
            _token.pop()
        except IndexError:
            sleep_ms(1)
        else:
            try:
                from . import _link as module

                _link = module
            finally:
                _token.append(0)
    return _link


class MQTTException(Exception):
    pass


def pid_gen(pid=0):
    while True:
        pid = pid + 1 if pid < 65535 else 1
        yield pid


class MQTTClient:
    # Defaults are here, because each attribute of the client itself makes its others slower to find.
    cb = granted = msg_max = cb_part = user = pswd = lw_topic = lw_msg = _big = _times = _before = None
    keepalive = lw_qos = 0
    ssl = lw_retain = False
    _part = b""
    # The pids of the messages of QoS 2 that the broker has, but has not completed.
    _released = ()


_install(MQTTClient)
_read = MQTTClient._read
_write = MQTTClient._write
