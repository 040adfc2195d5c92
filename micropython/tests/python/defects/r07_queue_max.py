"""robust2: MSG_QUEUE_MAX holds for messages that timed out, too."""

from stage import *
from umqtt import robust2

c = connected(robust2)
c.MSG_QUEUE_MAX = 2
for message in "abcd":
    tell("publish", c.publish, "t", message, False, 1)
late = []
c.set_callback_status(lambda *status: late.append(status))
expire(c)
tell("check_msg", c.check_msg)
print("late", sorted(late))
print("to send", sorted(message[1] for message in c.msg_to_send))
