"""check_msg() and wait_msg() inside the callback: it waits for an answer or looks for more."""

from stage import *

depth = 0


def on_message(topic, msg, retained, dup):
    global depth
    depth += 1
    print("  " * depth, "begins", msg)
    if depth < 4:
        tell("  " * depth + " check_msg", c.check_msg)
    if msg == b"ask":
        pid = c.publish("answer", "?", False, 1)
        while pid in c.rcv_pids:
            c.wait_msg()
    print("  " * depth, "ends", msg)
    depth -= 1


c = connected()
c.set_callback(on_message)
c.set_callback_status(on_status)
peer.send(b"\x30\x04\x00\x01ta\x30\x04\x00\x01tb\x30\x04\x00\x01tc\x30\x04\x00\x01td\x30\x04\x00\x01te")
for _ in range(3):
    tell("check_msg", c.check_msg)
peer.send(b"\x30\x06\x00\x01task\xd0\x00\x40\x02\x00\x01")
tell("check_msg", c.check_msg)
peer.send(b"\x32\x06\x00\x01t\x00\x07f\x32\x06\x00\x01t\x00\x08g")
tell("check_msg", c.check_msg)
tell("check_msg", c.check_msg)
print("done")
