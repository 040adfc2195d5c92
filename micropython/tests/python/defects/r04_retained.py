"""robust2: an unconfirmed retained message is not sent again after a newer one."""

from stage import *
from umqtt import robust2

c = connected(robust2)
old = tell("publish", c.publish, "t", "old", True, 1)
tell("publish", c.publish, "t", "new", True, 1)
c.rcv_pids[old] = ticks_add(ticks_ms(), -1)
tell("check_msg", c.check_msg)
print("to send", c.msg_to_send)
