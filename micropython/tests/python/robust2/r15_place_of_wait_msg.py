"""Errors of wait_msg() are reported as its own."""

from robust import *

c = connected(robust2, socket_timeout=1)
peer.close()
tell("wait_msg", c.wait_msg)
issue(c)
tell("wait_msg", c.wait_msg)
issue(c)
print("socket_timeout", c.socket_timeout)
