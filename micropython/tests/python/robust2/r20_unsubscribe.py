"""Several filters at once; what was unsubscribed is not subscribed to again."""

from robust import *

c = connected(robust2)
tell("subscribe", c.subscribe, [("a", 0), ("b", 1), ("c", 0)])
lists(c)
tell("unsubscribe", c.unsubscribe, "a")
lists(c)
print(c.subs)
c.disconnect()
tell("subscribe", c.subscribe, (("d", 1),))
tell("unsubscribe", c.unsubscribe, ["b", "d"])
lists(c)
print(c.subs)
issue(c)
