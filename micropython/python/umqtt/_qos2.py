"""QoS 2: exactly once delivery."""

from ._link import _ack, _fail, _reset, _tell


def message(self, topic, msg, retain, dup, pid):
    """A message came; the callback gets it unless it got it before."""
    try:
        if pid not in self._received:
            self._received.add(pid)
            if self.cb:
                _reset(self, 8)
                self.cb(topic, msg, retain, dup)
                _reset(self, 9)
    finally:
        _reset(self, 4)
        # The callback may have disconnected, or begun another session.
        if self.sock and pid in self._received:
            _send(self, b"\x50\x02", pid)


def packet(self, first, body):
    """PUBREC, PUBREL or PUBCOMP came; checks its pid."""
    pid = int.from_bytes(body, "big")
    if not pid:
        _fail(self, -1)
    if first == 0x50:
        if pid in self.rcv_pids and pid not in self._released:
            self._released += (pid,)
        _reset(self, 4)
        _send(self, b"\x62\x02", pid)
    elif first == 0x60:
        self._received.discard(pid)
        _reset(self, 4)
        _send(self, b"\x70\x02", pid)
        # The first byte as it came, with its flags.
        return 0x62
    else:
        self._released = tuple(other for other in self._released if other != pid)
        _tell(self, pid, _ack(self, first, body) & 3)
    return first


def release(self):
    """Sends PUBREL again, on a new connection, for what the broker already has [MQTT-4.4.0-1]."""
    for pid in self._released:
        _send(self, b"\x62\x02", pid)


def _send(self, start, pid):
    self._write(start + pid.to_bytes(2, "big"))
