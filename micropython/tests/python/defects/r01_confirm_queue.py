"""robust2: the same message can wait for many PUBACKs; CONFIRM_QUEUE_MAX bounds them."""

from stage import *
from umqtt import robust2

c = connected(robust2)
for _ in range(12):
    tell("publish", c.publish, "t", "x", False, 1)
print("bounded", max(map(len, c.msg_to_confirm.values())) <= 10)
