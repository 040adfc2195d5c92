"""Subscribing again with another QoS replaces the old one."""

from robust import *

c = connected(robust2)
tell("subscribe", c.subscribe, "t", 0)
tell("subscribe", c.subscribe, "t", 1)
print(c.subs)
late(c)
lists(c)
