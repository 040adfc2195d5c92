"""Each of identical messages has its own acknowledgement."""

from robust import *

c = connected(robust2)
tell("publish", c.publish, "t", "x", False, 1)
tell("publish", c.publish, "t", "x", False, 1)
peer.send(puback(1))
tell("check_msg", c.check_msg)
lists(c)
tell("things_to_do", c.things_to_do)
late(c)
lists(c)
