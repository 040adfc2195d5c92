"""disconnect() inside the callback: the message was the order to stop."""

from stage import *
from umqtt import robust2, simple2


def on_message(topic, msg, retained, dup):
    print("  message", topic, msg)
    tell("  disconnect", c.disconnect)


for module in simple2, robust2:
    c = connected(module)
    c.set_callback(on_message)
    peer.send(b"\x30\x04\x00\x01tx")
    tell("check_msg", c.check_msg)
    print("sock", c.sock)
    tell("check_msg", c.check_msg)
    peer.answer()
    tell("connect", c.connect)
    peer.send(b"\x32\x06\x00\x01t\x00\x07x")
    tell("QoS 1", c.check_msg)
    print("sock", c.sock)
print("done")
