"""13. A message can be sent again with its pid; DUP is never set with QoS 0."""

from stage import *

c = connected()
tell("publish", c.publish, "t", "x", qos=1)
tell("again", c.publish, "t", "x", qos=1, dup=True, pid=1)
tell("publish", c.publish, "t", "y", dup=True)
print("pending", list(c.rcv_pids))
peer.send(b"\x40\x02\x00\x01")
tell("check_msg", c.check_msg)
