"""robust2: a new subscription of a topic replaces the old one."""

from stage import *
from umqtt import robust2

c = connected(robust2)
tell("subscribe", c.subscribe, "t", 0)
tell("subscribe", c.subscribe, "t", 1)
print("subs", c.subs)
c.disconnect()
tell("subscribe", c.subscribe, "t", 0)
print("subs", c.subs, "to send", c.sub_to_send)
