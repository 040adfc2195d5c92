"""A refused argument changes nothing: the next pid, what is pending, and the link are as before."""

from stage import *

c = connected()
tell("publish", c.publish, "t", "", qos=1)
tell("publish", c.publish, "a/+", "", qos=1)
tell("subscribe", c.subscribe, "a/#/b")
tell("publish", c.publish, "t", "", qos=1)
print("pending", sorted(c.rcv_pids))
