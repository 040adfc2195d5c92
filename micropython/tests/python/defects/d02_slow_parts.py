"""2. A call takes at most socket_timeout, and raises a time-out only if nothing came; PINGREQ goes out meanwhile."""

from clock import *
from stage import *

data = bytes(at % 251 for at in range(2000))
packet = b"\x32\xd5\x0f\x00\x01t\x00\x07" + data


class Watching(Waiting):
    """Takes down for how long the broker hears nothing at most, until it has sent the last part."""

    heard = longest = 0

    def poll(self, timeout):
        if peer.wire():
            self.heard = clock.now
        if self.parts:
            self.longest = max(self.longest, clock.now - self.heard)
        return super().poll(timeout)


def run(name, parts, gap=300, **attributes):
    """Calls check_msg() until a message is reported, or nothing comes."""
    told.clear()
    clock.set(0)
    c = connected(socket_timeout=1, keepalive=4)
    c.set_callback(lambda topic, msg, *_: told.append(msg))
    for key, value in attributes.items():
        setattr(c, key, value)
    c.poller_r = watching = Watching(c, parts, gap)
    longest = looks = 0
    ended = None
    while not told and ended is None:
        start = clock.now
        looks += 1
        try:
            c.check_msg()
        except Exception as error:
            ended = name_of(error)
        longest = max(longest, (clock.now - start) % PERIOD)
    whole = told == [data] or b"".join(told) == data
    print(name, "- whole", whole, "- ended", ended, "- in time", longest <= 1300, "- looks", looks > 1)
    print("  the broker heard of it within keepalive", watching.longest <= 4000)
    if c.sock:
        link(c)
    peer.forget()


told = []
parts = []


def on_part(topic, part, offset, total):
    parts.append(bytes(part))
    if offset + len(part) == total:
        told.append(b"".join(parts))
        parts.clear()


run("slow", in_parts(packet, 50))
run("stuck", in_parts(packet, 50)[:7])
run("slow, large", in_parts(packet, 50), msg_max=100, cb_part=on_part)
run("slow, large, tiny parts", in_parts(packet, 20), msg_max=100, cb_part=on_part)
run("stuck, large", in_parts(packet, 50)[:7], msg_max=100, cb_part=on_part)
run("slow, not wanted", in_parts(packet, 50), msg_max=100)
