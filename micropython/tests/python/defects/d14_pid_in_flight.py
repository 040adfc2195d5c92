"""14. A pid that is in flight, or that timed out, is not used again."""

from stage import *
from umqtt.simple2 import pid_gen

c = connected()
c.newpid = pid_gen(65534)
for _ in range(3):
    tell("publish", c.publish, "t", "", qos=1)
c.newpid = pid_gen(65534)
tell("subscribe", c.subscribe, "t")
expire(c)
late = []
c.set_callback_status(lambda *status: late.append(status))
tell("check_msg", c.check_msg)
print("late", sorted(late))
c.newpid = pid_gen(65534)
tell("publish", c.publish, "t", "", qos=1)
