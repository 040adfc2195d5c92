"""connect() inside the callback: the message asked the client to start again."""

from stage import *
from umqtt import robust2, simple2


def on_message(topic, msg, retained, dup):
    print("  message", topic, msg)
    peer.answer()
    tell("  connect", c.connect, msg == b"clean")
    tell("  publish", c.publish, "t", "back")


for module in simple2, robust2:
    c = connected(module)
    c.set_callback(on_message)
    peer.send(b"\x30\x08\x00\x01tclean")
    tell("check_msg", c.check_msg)
    tell("publish", c.publish, "t", "x")
    peer.send(b"\x30\x07\x00\x01tkept")
    tell("check_msg", c.check_msg)
    tell("check_msg", c.check_msg)
    tell("publish", c.publish, "t", "y")
    c.disconnect()
print("done")
