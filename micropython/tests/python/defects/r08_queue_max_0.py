"""robust2: MSG_QUEUE_MAX=0 queues nothing."""

from stage import *
from umqtt import robust2

c = make(robust2)
c.MSG_QUEUE_MAX = 0
tell("publish", c.publish, "t", "x", False, 1)
print("to send", c.msg_to_send)
peer.answer()
tell("connect", c.connect, False)
c.newpid = robust2.simple2.pid_gen()
tell("publish", c.publish, "t", "y", False, 1)
