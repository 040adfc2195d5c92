"""The callback keeps what it got while check_msg() is called inside it."""

from stage import *

kept = []


def on_message(topic, msg, retained, dup):
    kept.append((topic, msg))
    if len(kept) % 2:
        c.check_msg()
    print(topic, msg, retained, dup)


c = connected()
c.set_callback(on_message)
peer.send(b"\x31\x08\x00\x03onefoo\x30\x0c\x00\x03twobarbara\x31\x06\x00\x01t" + b"xyz")
for _ in range(3):
    tell("check_msg", c.check_msg)
print(kept)
print("done")
