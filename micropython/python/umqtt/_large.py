"""Messages that are larger than the program wants them, or than the heap: in parts, or dropped."""

from time import ticks_diff, ticks_ms

from .simple2 import MQTTException
from ._link import _fail, _reset

# Bytes of a part, and of the longest topic of such a message that is kept.
_PART = const(256)
_TOPIC = const(1024)


def begin(self, header):
    size = shift = 0
    for byte in header[1:]:
        size |= (byte & 127) << shift
        shift += 7
    if header[0] >> 4 != 3:
        _fail(self, -1)
    # The first byte, the whole length, what is left of it; length of the topic, the topic, pid; payload so far.
    self._big = [header[0], size, size, None, b"", None, 0]
    _reset(self, 3)


def go_on(self):
    """Reads on; what has come stays when that takes too long."""
    big = self._big
    if big[3] is None:
        if big[1] < 4:
            _fail(self, -1)
        big[3] = int.from_bytes(_take(self, big, 2), "big")
        if big[3] + (2 if big[0] & 6 else 0) > big[2] or not big[3]:
            _fail(self, -1)
    while big[3]:
        part = _take(self, big, min(big[3], _PART))
        big[3] -= len(part)
        if len(big[4]) < _TOPIC:
            big[4] += part
    if big[0] & 6 and big[5] is None:
        big[5] = _take(self, big, 2)
        if big[5] == b"\0\0":
            _fail(self, -1)
    total = big[2] + big[6]
    while big[2]:
        if self._end and ticks_diff(self._end, ticks_ms()) < 0:
            return
        part = _take(self, big, min(big[2], _PART))
        offset = big[6]
        big[6] += len(part)
        if self.cb_part:
            _reset(self, 8)
            self.cb_part(big[4], part, offset, total)
            _reset(self, 9)
            if not self.sock:
                return
    self._big = None
    _reset(self, 10)
    if big[5]:
        self._write((b"\x50\x02" if big[0] & 4 else b"\x40\x02") + big[5])
    if not self.cb_part:
        raise MQTTException(4, big[4], total)


def _take(self, big, count):
    part = self._read(count)
    big[2] -= count
    return part
