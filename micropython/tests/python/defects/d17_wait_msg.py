"""17. wait_msg leaves socket_timeout as it was, whatever happens."""

from stage import *

c = connected()
peer.send(b"\x30\x04\x00\x01tx")
tell("wait_msg", c.wait_msg)
print(c.socket_timeout)


def failing(*_):
    raise ValueError("mine")


c.set_callback(failing)
peer.send(b"\x30\x04\x00\x01tx")
tell("wait_msg", c.wait_msg)
print(c.socket_timeout)
peer.close()
tell("wait_msg", c.wait_msg)
print(c.socket_timeout)
