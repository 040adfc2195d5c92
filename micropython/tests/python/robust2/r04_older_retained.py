"""An old unconfirmed retained message is not sent again after a newer one."""

from robust import *

c = connected(robust2)
tell("publish", c.publish, "t", "old", True, 1)
tell("publish", c.publish, "t", "new", True, 1)
peer.send(puback(2))
tell("check_msg", c.check_msg)
late(c)
lists(c)
tell("publish", c.publish, "t", "old", True, 1)
tell("publish", c.publish, "t", "newest", True, 0)
late(c)
lists(c)
tell("things_to_do", c.things_to_do)
