"""The program changes the socket's own time-out, or makes it block."""

from stage import *
from umqtt import robust2, simple2

MESSAGE = b"\x30\x04\x00\x01tx"

for module in simple2, robust2:
    c = connected(module)
    c.sock.settimeout(0.1)
    tell("idle", c.check_msg)
    peer.send(MESSAGE + b"\xd0\x00")
    tell("message", c.check_msg)
    tell("answer", c.wait_msg)
    tell("publish", c.publish, "t", "x")
    tell("idle", c.check_msg)

    c.sock.setblocking(True)
    peer.send(MESSAGE + MESSAGE)
    tell("message", c.check_msg)
    tell("message", c.wait_msg)
    tell("publish", c.publish, "t", "x", False, 1)

    c.sock.setblocking(False)
    tell("idle", c.check_msg)
    peer.send(MESSAGE)
    tell("message", c.check_msg)

    c.sock.settimeout(None)
    peer.send(MESSAGE)
    tell("message", c.check_msg)
    c.sock.settimeout(0)
    tell("idle", c.check_msg)
    tell("disconnect", c.disconnect)
print("done")
