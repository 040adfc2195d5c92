"""QoS 2 both ways: each message comes once, and each id is reported as delivered once."""

from broker import *
from umqtt import simple2

# Mosquitto takes no more than 20 at once.
COUNT = 15

c = make(simple2, "exactly once")
c.connect()
acknowledged(c, c.subscribe("once", 2))
assert c.granted == b"\x02"
statuses = []
c.set_callback_status(lambda pid, status: statuses.append((pid, status)))
pids = [c.publish("once", str(number), qos=2) for number in range(COUNT)]
wait(lambda: len(c.messages) == COUNT and len(statuses) == COUNT, c)
assert sorted(statuses) == [(pid, 1) for pid in pids], statuses
assert sorted(int(message[1]) for message in c.messages) == list(range(COUNT))
assert not c.rcv_pids
c.disconnect()
print("done")
