"""11. Only a SUBACK confirms a subscription, only a PUBACK a message; the granted QoS is there."""

from stage import *

c = connected()
print("granted", getattr(c, "granted", "missing"))
tell("subscribe", c.subscribe, "t", 1)
tell("publish", c.publish, "t", "", qos=1)
peer.send(b"\x40\x02\x00\x01\x90\x03\x00\x02\x00")
for _ in range(2):
    tell("check_msg", c.check_msg)
print("pending", sorted(c.rcv_pids))
peer.send(b"\x40\x02\x00\x02\x90\x03\x00\x01\x01")
for _ in range(2):
    tell("check_msg", c.check_msg)
print("pending", sorted(c.rcv_pids), "granted", getattr(c, "granted", "missing"))
link(c)
