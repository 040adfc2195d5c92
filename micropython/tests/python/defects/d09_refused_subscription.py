"""9. A refused subscription is reported once."""

from stage import *

c = connected()
tell("subscribe", c.subscribe, "t")
peer.send(b"\x90\x03\x00\x01\x80")
tell("check_msg", c.check_msg)
print("pending", list(c.rcv_pids))
expire(c)
tell("check_msg", c.check_msg)
link(c)
