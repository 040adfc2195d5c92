"""robust2: what is not queued does not push out what is."""

from stage import *
from umqtt import robust2

c = make(robust2)
c.KEEP_QOS0 = False
tell("publish", c.publish, "t", "old", True, 1)
tell("publish", c.publish, "t", "new", True, 0)
print("to send", c.msg_to_send)
tell("publish", c.publish, "t", "newer", True, 1)
print("to send", c.msg_to_send)
