"""A packet that comes in parts arrives, whenever they come and whatever the clock shows."""

from clock import *
from stage import *


def message(size):
    """A message of this size, and what follows it."""
    body = b"\x00\x01t" + bytes(at % 251 for at in range(size))
    length = len(body)
    digits = b""
    while length > 127:
        digits += bytes((length & 127 | 128,))
        length >>= 7
    return b"\x30" + digits + bytes((length,)) + body


def arrives(c, parts, gap):
    """Looks for a message until it is there."""
    told.clear()
    c.poller_r = Waiting(c, parts, gap)
    looks = 0
    while not told and looks < 200:
        looks += 1
        c.check_msg()


told = []
for name, start in (
    ("first half", 1000),
    ("second half", PERIOD // 2 + 1000),
    ("at its end", PERIOD - 30),
    ("at zero", 0),
):
    clock.set(start)
    c = connected(socket_timeout=2)
    c.set_callback(lambda topic, msg, *_: told.append(msg))
    wrong = 0
    for size in 1, 40, 300:
        packet = message(size)
        for cut in 1, 2, 3, 5, len(packet) - 1:
            # The first part comes while the client looks for a moment whether there is something, the other later.
            arrives(c, [packet[:cut], packet[cut:]], 20)
            if told != [packet[-size:]]:
                wrong += 1
    print(name, "- wrong", wrong)
    tell("nothing", c.check_msg)
    c.sock.close()
    peer.forget()
