"""is_conn_issue() in a callback that takes longer than keepalive does not take the next message."""

from robust import *

depth = 0


def on_message(topic, msg, *_):
    global depth
    depth += 1
    print("  message", msg, "depth", depth)
    c.last_cpacket = ticks_add(ticks_ms(), -3100)
    print("  issue", c.is_conn_issue())
    depth -= 1


c = connected(robust2, keepalive=2)
c.set_callback(on_message)
peer.send(b"\x30\x04\x00\x01t1\x30\x04\x00\x01t2\x30\x04\x00\x01t3")
for _ in range(3):
    c.check_msg()
