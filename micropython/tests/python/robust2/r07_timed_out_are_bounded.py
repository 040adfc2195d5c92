"""At most MSG_QUEUE_MAX messages that timed out are queued, in the order of their publishes."""

from robust import *

c = connected(robust2)
c.newpid = iter((65533, 65534, 65535, 1, 2, 3, 4))
for msg in "1234567":
    c.publish("t", msg, False, 1)
late(c)
lists(c)
c.MSG_QUEUE_MAX = 3
tell("add", c.add_msg_to_send, ("t", "8", False, 1))
lists(c)
