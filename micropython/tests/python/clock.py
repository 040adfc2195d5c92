"""A clock that advances only when a client waits, and data that comes meanwhile. Import it before umqtt."""

import sys
import time

from stage import peer

PERIOD = time.ticks_add(0, -1) + 1


class Clock:
    """The module `time`, with a clock of its own."""

    def __init__(self):
        self.now = 0
        # A method cannot be imported.
        self.ticks_ms = lambda: self.now

    def __getattr__(self, name):
        return getattr(time, name)

    def set(self, now):
        self.now = now % PERIOD

    def pass_by(self, milliseconds):
        self.set(self.now + milliseconds)


clock = Clock()
sys.modules["time"] = sys.modules["utime"] = clock


class Waiting:
    """A client's poller: each wait brings the next part of what the broker sends, or lasts until its end."""

    def __init__(self, client, parts, gap):
        self._poller = client.poller_r
        self.parts = parts
        self.gap = gap
        self.waits = 0

    def poll(self, timeout):
        self.waits += 1
        if self._poller.poll(0):
            return self._poller.poll(0)
        gap = min(self.gap, 1 if timeout == 1 else self.gap)
        if self.parts and not 0 <= timeout < gap:
            clock.pass_by(gap)
            peer._ask("send", self.parts.pop(0).hex())
            return self._poller.poll(5000)
        if timeout < 0:
            raise SystemExit("a wait without end")
        clock.pass_by(timeout)
        return []

    def unregister(self, sock):
        pass


def in_parts(data, size):
    return [data[at : at + size] for at in range(0, len(data), size)]
