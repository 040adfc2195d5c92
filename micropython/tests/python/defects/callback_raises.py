"""Ruling: if the callback raises, the PUBACK goes out at the next call, before anything is read, or never."""

from stage import *


def failing(topic, msg, retained, dup):
    on_message(topic, msg, retained, dup)
    raise ValueError("mine")


c = connected()
c.set_callback(failing)
peer.wire(15)
peer.send(b"\x32\x06\x00\x01t\x00\x05x\x30\x04\x00\x01ty")
tell("check_msg", c.check_msg)
print("sent", peer.wire())
c.set_callback(lambda *message: print("sent before", peer.wire(4)))
tell("check_msg", c.check_msg)
c.set_callback(failing)
peer.send(b"\x32\x06\x00\x01t\x00\x06x")
tell("check_msg", c.check_msg)
c.disconnect()
