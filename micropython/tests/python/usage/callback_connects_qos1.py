"""connect() inside the callback of a QoS 1 message: the broker hears that the message came, and does not repeat it."""

from stage import *


def on_message(topic, msg, retained, dup):
    print("  message", msg)
    peer.answer(answer)
    tell("  connect", c.connect, False)


for answer in CONNACK[:2] + b"\x01\x00", CONNACK:
    c = connected()
    c.set_callback(on_message)
    peer.send(b"\x32\x06\x00\x01t\x00\x07x")
    tell("check_msg", c.check_msg)
    tell("publish", c.publish, "t", "y")
    tell("check_msg", c.check_msg)
    c.disconnect()
print("done")
