"""reconnect() queues each subscription once if there is no session, and else none."""

from robust import *

c = connected(robust2)
c.subscribe("a")
c.subscribe("b", 1)
peer.send(suback(1, 0) + suback(2, 1))
tell("check_msg", c.check_msg)
tell("check_msg", c.check_msg)
lists(c)
back(c, CONNACK_RESUMED)
lists(c)
back(c)
lists(c)
back(c)
lists(c)
tell("send_queue", c.send_queue)
tell("resubscribe", c.resubscribe)
lists(c)
