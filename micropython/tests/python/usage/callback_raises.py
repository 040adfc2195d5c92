"""The callback raises; the program catches that around check_msg() and goes on."""

from stage import *
from umqtt import robust2, simple2


def on_message(topic, msg, retained, dup):
    print("  message", topic, int(msg))


for module in simple2, robust2:
    c = connected(module)
    c.set_callback(on_message)
    peer.send(b"\x30\x04\x00\x01tx\x30\x04\x00\x01t1\x32\x06\x00\x01t\x00\x07x\x32\x06\x00\x01t\x00\x082")
    for _ in range(4):
        try:
            print(c.check_msg())
        except ValueError:
            print("no number")
    tell("publish", c.publish, "t", "goes on")
    if module is robust2:
        print(c.conn_issue)
print("done")
