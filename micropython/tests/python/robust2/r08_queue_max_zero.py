"""With MSG_QUEUE_MAX=0 nothing is queued."""

from robust import *

c = connected(robust2)
c.MSG_QUEUE_MAX = 0
tell("publish", c.publish, "t", "waits", False, 1)
c.disconnect()
tell("offline", c.publish, "t", "x", False, 1)
tell("offline", c.publish, "t", "y", True, 0)
lists(c)
back(c, CONNACK_RESUMED)
lists(c)
