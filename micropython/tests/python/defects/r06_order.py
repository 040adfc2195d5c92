"""robust2: a new message does not overtake those that wait."""

from stage import *
from umqtt import robust2

c = make(robust2)
tell("publish", c.publish, "t", "first", False, 1)
tell("publish", c.publish, "t", "second", False, 0)
peer.answer()
tell("connect", c.connect, False)
c.newpid = robust2.simple2.pid_gen()
tell("publish", c.publish, "t", "third", False, 1)
tell("send_queue", c.send_queue)
print("to send", c.msg_to_send)
