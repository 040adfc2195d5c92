"""What was unsubscribed is not subscribed again."""

from robust import *

c = connected(robust2)
c.subscribe("a")
c.subscribe("b")
tell("unsubscribe", c.unsubscribe, "a")
lists(c)
print(c.subs)
c.disconnect()
tell("unsubscribe", c.unsubscribe, "b")
print(c.subs)
issue(c)
