"""A subscription that the broker refuses is reported once and not tried again."""

from robust import *

c = connected(robust2)
tell("subscribe", c.subscribe, "no")
tell("subscribe", c.subscribe, "yes")
peer.send(suback(1, 128) + suback(2, 0))
tell("check_msg", c.check_msg)
issue(c)
tell("check_msg", c.check_msg)
lists(c)
print(c.subs)
late(c)
back(c)
lists(c)
tell("resubscribe", c.resubscribe)
tell("send_queue", c.send_queue)
