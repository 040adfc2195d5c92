"""Refused arguments are the program's error, online and offline; no queue changes."""

from robust import *

c = connected(robust2)
for _ in range(2):
    tell("publish", c.publish, "a/#", "x", False, 1)
    tell("publish", c.publish, "", "x")
    tell("publish", c.publish, "t", "x", True, 3)
    tell("subscribe", c.subscribe, "")
    issue(c)
    lists(c)
    print(c.subs)
    c.disconnect()
    tell("publish", c.publish, "t", "kept", True, 1)
