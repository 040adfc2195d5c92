"""One acknowledged id clears all entries that are equal to its own; one that timed out goes back to the queue."""

from robust import *

c = connected(robust2)
for number in range(3):
    tell("publish", c.publish, "t", "x", False, 1)
tell("publish", c.publish, "t", "other", False, 1)
tell("subscribe", c.subscribe, "s")
tell("subscribe", c.subscribe, "s")
lists(c)
tell("things_to_do", c.things_to_do)
peer.send(puback(2))
tell("check_msg", c.check_msg)
lists(c)
tell("things_to_do", c.things_to_do)
peer.send(suback(6, 0))
tell("check_msg", c.check_msg)
lists(c)

# The others are acknowledged, too, but that is not awaited any more.
peer.send(puback(1) + puback(3))
for number in range(2):
    tell("check_msg", c.check_msg)
lists(c)

# By hand, as a program may do.
c.msg_to_confirm[("t", "mine", False, 1)] = [40, 41]
c.sub_to_confirm[("mine", 1)] = [42, 43]
tell("cbstat", c.cbstat, 41, 0)
tell("cbstat", c.cbstat, 42, 0)
lists(c)
tell("cbstat", c.cbstat, 40, 1)
tell("cbstat", c.cbstat, 43, 2)
lists(c)
