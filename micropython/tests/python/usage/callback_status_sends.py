"""The callback of the status sends the next message: one is on its way at a time."""

from stage import *
from umqtt import robust2, simple2

for module in simple2, robust2:
    waiting = ["two", "three"]

    def on_status(pid, status):
        print("  status", pid, status)
        if waiting:
            tell("  publish", c.publish, "t", waiting.pop(0), qos=1)
        else:
            tell("  subscribe", c.subscribe, "done")
            c.set_callback_status(lambda pid, status: print("  at last", pid, status))

    c = connected(module)
    c.set_callback_status(on_status)
    tell("publish", c.publish, "t", "one", qos=1)
    for pid in 1, 2, 3:
        peer.send(b"\x40\x02\x00" + bytes([pid]))
        tell("check_msg", c.check_msg)
    peer.send(b"\x90\x03\x00\x04\x00")
    tell("check_msg", c.check_msg)
    print(c.rcv_pids)

    # What is late goes out again.
    c.set_callback_status(lambda pid, status: status or c.publish("t", "again %d" % pid, qos=1))
    tell("publish", c.publish, "t", "lost", qos=1)
    expire(c)
    tell("check_msg", c.check_msg)
    print(list(c.rcv_pids))
print("done")
