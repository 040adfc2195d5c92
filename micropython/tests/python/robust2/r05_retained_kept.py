"""A retained publish at QoS 0 that is not to be queued leaves the queued one."""

from robust import *

c = connected(robust2)
c.KEEP_QOS0 = False
c.disconnect()
tell("publish", c.publish, "t", "queued", True, 1)
tell("publish", c.publish, "t", "dropped", True, 0)
lists(c)
tell("publish", c.publish, "t", "replaced", True, 1)
lists(c)
back(c)
c.newpid = robust2.simple2.pid_gen()
tell("publish", c.publish, "t", "sent", True, 0)
lists(c)
