from time import ticks_ms

__version__ = "0.1.0"
_link = None


def _load():
    global _link
    module = None
    # One that another thread is importing has not all of its names yet.
    while not hasattr(module, "_whole"):
        from . import _link as module
    _link = module
    return module


class MQTTException(Exception):
    pass


def pid_gen(pid=0):
    while True:
        pid = pid + 1 if pid < 65535 else 1
        yield pid


class MQTTClient:
    cb = granted = msg_max = cb_part = _big = _end = None
    _part = b""


_install(MQTTClient)
_read = MQTTClient._read
_write = MQTTClient._write
