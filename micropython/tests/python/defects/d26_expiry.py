"""26. All pids that are late are told at once, even if the callback publishes."""

from stage import *
from umqtt.simple2 import pid_gen

c = connected()
told = []


def on_late(pid, status):
    told.append((pid, status))
    if len(told) == 1:
        for _ in range(3):
            c.publish("t", "", qos=1)


c.set_callback_status(on_late)
c.newpid = pid_gen(100)
for _ in range(3):
    c.publish("t", "", qos=1)
expire(c)
for _ in range(2):
    tell("check_msg", c.check_msg)
    print("told", sorted(told), "pending", sorted(c.rcv_pids))
