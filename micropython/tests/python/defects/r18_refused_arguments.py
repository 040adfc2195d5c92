"""robust2: what may not be sent is refused offline, too, and never queued."""

from stage import *
from umqtt import robust2

c = make(robust2)
tell("publish", c.publish, "a/+", "x", False, 1)
tell("publish", c.publish, "", "x")
tell("publish", c.publish, "t", "x", False, 3)
tell("subscribe", c.subscribe, "a/#/b")
tell("subscribe", c.subscribe, "t", 3)
print(c.msg_to_send, c.sub_to_send, c.subs, c.things_to_do())
