"""A new publish does not overtake what is queued."""

from robust import *

c = connected(robust2)
c.disconnect()
tell("publish", c.publish, "t", "one", False, 1)
tell("publish", c.publish, "t", "two", False, 0)
back(c)
c.newpid = robust2.simple2.pid_gen()
tell("publish", c.publish, "t", "three", False, 1)
lists(c)
