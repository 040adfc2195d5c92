"""In its session a message is sent again with its own id and DUP, in another as a new one."""

from robust import *

c = connected(robust2)
tell("publish", c.publish, "t", "one", False, 1)
tell("publish", c.publish, "t", "two", False, 1)
print("timed out")
late(c)
tell("send_queue", c.send_queue)
lists(c)
print("the session is resumed")
back(c, CONNACK_RESUMED)
tell("send_queue", c.send_queue)
lists(c)
print("the session is lost")
back(c)
tell("send_queue", c.send_queue)
lists(c)
print("a clean session")
peer.answer()
tell("connect", c.connect)
lists(c)
