"""A message may be a bytearray: what it held at the call is queued and waited for."""

from robust import *

c = connected(robust2)
msg = bytearray(b"one")
tell("publish", c.publish, "t", msg, False, 1)
lists(c)
c.disconnect()
tell("offline", c.publish, "t", msg, False, 1)
tell("offline", c.publish, "t", msg, False, 0)
msg[:] = b"two"
lists(c)
