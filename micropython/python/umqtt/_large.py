"""Takes messages longer than `msg_max` or than the heap allows: in parts, or drops them."""

from time import ticks_add, ticks_diff, ticks_ms

from .simple2 import MQTTException
from ._link import _fail, _look, _milliseconds, _reset

# The longest part, and the longest topic that is kept, in bytes.
_PART = const(256)
_TOPIC = const(1024)


def begin(self, header):
    size = shift = 0
    for byte in header[1:]:
        size |= (byte & 127) << shift
        shift += 7
    if header[0] >> 4 != 3 or size < 4:
        _fail(self, -1)
    # The first byte, the whole length, what is left of it; the length of the topic, the topic, the pid; the payload so
    # far; whether it is of QoS 2 and was handed to the callback before.
    self._big = [header[0], size, size, None, b"", None, 0, False]
    _reset(self, 3)


def go_on(self):
    """Reads on for at most `socket_timeout`; what has come is kept."""
    big = self._big
    time = _milliseconds(self.socket_timeout)
    limit = None if time < 0 else ticks_add(ticks_ms(), time)
    times = [None, False]
    reading = False
    try:
        while expected(big):
            reading = True
            self._times = times
            part = self._read(expected(big))
            reading = False
            self._times = None
            _reset(self, 11)
            take(self, big, part)
            if self._big is big:
                _look(self, False)
            # A callback may have closed the link and opened another.
            if self._big is not big or limit is not None and ticks_diff(limit, ticks_ms()) < 0:
                return
    except MQTTException as error:
        # Something came during the wait, but less than a part.
        if not (reading and times[1] and error.args[0] == 30):
            raise
        return
    finally:
        self._times = None
    self._big = None
    _reset(self, 10)
    if big[0] & 4:
        self._received.add(int.from_bytes(big[5], "big"))
    if big[5]:
        self._write((b"\x50\x02" if big[0] & 4 else b"\x40\x02") + big[5])
    if not (self.cb_part or big[7]):
        raise MQTTException(4, big[4], big[6])


def expected(big):
    """The number of bytes in the next part."""
    if big[3] is None or not big[3] and big[0] & 6 and big[5] is None:
        return 2
    return min(big[3] or big[2], _PART)


def take(self, big, part):
    big[2] -= len(part)
    if big[3] is None:
        big[3] = int.from_bytes(part, "big")
        if big[3] + (2 if big[0] & 6 else 0) > big[2] or not big[3]:
            _fail(self, -1)
    elif big[3]:
        big[3] -= len(part)
        if len(big[4]) < _TOPIC:
            big[4] += part
    elif big[0] & 6 and big[5] is None:
        big[5] = part
        if part == b"\0\0":
            _fail(self, -1)
        big[7] = big[0] & 4 and int.from_bytes(part, "big") in self._received
    else:
        offset = big[6]
        big[6] += len(part)
        if self.cb_part and not big[7]:
            _reset(self, 8)
            self.cb_part(big[4], part, offset, big[2] + big[6])
            _reset(self, 9)
