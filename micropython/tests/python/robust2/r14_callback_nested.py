"""A callback's own error passes through robust2 also after a check_msg() in it that failed."""

from robust import *


def on_message(topic, msg, *_):
    peer.close()
    c.check_msg()
    issue(c)
    raise OSError(28)


c = connected(robust2)
c.set_callback(on_message)
peer.send(b"\x30\x04\x00\x01tx")
tell("check_msg", c.check_msg)
