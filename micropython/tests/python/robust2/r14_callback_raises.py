"""An exception of the program's callback reaches the program."""

from robust import *


def failing(*args):
    raise OSError(5, args)


def failing_status(pid, status):
    raise robust2.simple2.MQTTException(30)


def publishing(*args):
    c.disconnect()
    tell("  publish", c.publish, "t", "offline", False, 1)
    raise AttributeError("mine")


c = connected(robust2)
c.set_callback(failing)
peer.send(b"\x30\x04\x00\x01tx")
tell("check_msg", c.check_msg)
issue(c)
peer.send(b"\x30\x04\x00\x01tx")
tell("wait_msg", c.wait_msg)
issue(c)
c.set_callback_status(failing_status)
tell("publish", c.publish, "t", "x", False, 1)
peer.send(puback(1))
tell("check_msg", c.check_msg)
issue(c)
lists(c)
c.set_callback_status(publishing)
tell("publish", c.publish, "t", "x", False, 1)
peer.send(puback(2))
tell("check_msg", c.check_msg)
issue(c)
lists(c)
tell("check_msg", c.check_msg)
issue(c)
