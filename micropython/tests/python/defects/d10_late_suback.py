"""10. A late SUBACK is one for an unknown pid, as a late PUBACK is."""

from stage import *

c = connected()
tell("subscribe", c.subscribe, "t")
tell("publish", c.publish, "t", "", qos=1)
expire(c)
late = []
c.set_callback_status(lambda *status: late.append(status))
tell("check_msg", c.check_msg)
print("late", sorted(late))
c.set_callback_status(on_status)
peer.send(b"\x40\x02\x00\x02\x90\x03\x00\x01\x00\x90\x03\x00\x09\x00")
for _ in range(3):
    tell("check_msg", c.check_msg)
link(c)
