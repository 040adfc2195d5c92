"""24. With message_timeout=None, nothing times out."""

from stage import *

c = connected(message_timeout=None)
tell("publish", c.publish, "t", "x", qos=1)
tell("subscribe", c.subscribe, "t")
print("pending", sorted(c.rcv_pids.items()))
tell("check_msg", c.check_msg)
peer.send(b"\x40\x02\x00\x01\x90\x03\x00\x02\x00")
tell("check_msg", c.check_msg)
tell("check_msg", c.check_msg)
