from time import sleep_ms, ticks_ms

if "." not in __name__:
    raise ImportError("no _link.mpy")

__version__ = "0.1.0"
_link = None


def _load():
    global _link
    # Two threads must not import at once: one that finds False waits for the other.
    while _link is False:
        sleep_ms(1)
    if _link is None:
        _link = False
        module = None
        try:
            from . import _link as module
        finally:
            _link = module
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
