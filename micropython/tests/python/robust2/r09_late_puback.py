"""A message that is acknowledged late is not sent again."""

from robust import *

c = connected(robust2)
tell("publish", c.publish, "t", "one", False, 1)
tell("publish", c.publish, "t", "two", False, 1)
late(c)
peer.send(puback(1))
tell("check_msg", c.check_msg)
lists(c)
