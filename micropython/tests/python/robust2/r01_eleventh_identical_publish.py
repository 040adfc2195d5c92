"""Of identical unconfirmed messages, no more than CONFIRM_QUEUE_MAX are waited for."""

from robust import *

c = connected(robust2)
for _ in range(12):
    tell("publish", c.publish, "t", "x", False, 1)
lists(c)
for _ in range(12):
    tell("subscribe", c.subscribe, "t")
lists(c)
