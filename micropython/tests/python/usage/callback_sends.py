"""publish(), subscribe() and ping() inside the callback, for messages of QoS 0 and 1."""

from stage import *
from umqtt import robust2, simple2


def on_message(topic, msg, retained, dup):
    print("  message", topic, msg)
    tell("  publish", c.publish, b"answer", msg)
    tell("  publish", c.publish, "answer", topic + b"!", False, 1)
    tell("  subscribe", c.subscribe, b"more/" + topic, 1)
    tell("  ping", c.ping)


for module in simple2, robust2:
    c = connected(module)
    c.set_callback(on_message)
    peer.send(b"\x30\x04\x00\x01tx\x32\x06\x00\x01t\x00\x07y")
    tell("check_msg", c.check_msg)
    tell("check_msg", c.check_msg)
    peer.send(b"\x40\x02\x00\x01\x90\x03\x00\x02\x01\xd0\x00\x90\x03\x00\x04\x01\x40\x02\x00\x03")
    for _ in range(5):
        tell("check_msg", c.check_msg)
    print(sorted(c.rcv_pids))
print("done")
