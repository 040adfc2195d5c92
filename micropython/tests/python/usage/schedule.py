"""A timer's interrupt has micropython.schedule() publish, between the calls of the main loop and inside them."""

import micropython

from mosquitto import *

COUNT = 40
other = listener("tick", "tock")
c = MQTTClient("c", "127.0.0.1", PORT)
c.set_callback(lambda topic, msg, retained, dup: interrupt())
c.connect()
c.subscribe("tock")
until(lambda: not c.rcv_pids, c.check_msg)
ticks = 0


def tick(qos):
    global ticks
    c.publish("tick", str(ticks), qos=qos)
    ticks += 1


def interrupt():
    micropython.schedule(tick, ticks % 2)


def turn():
    interrupt()
    before = ticks
    c.check_msg()
    until(lambda: ticks > before, lambda: None)
    c.publish("tock", "x")


until(lambda: ticks >= COUNT, turn)
until(lambda: not c.rcv_pids, c.check_msg)
until(lambda: len([1 for topic, msg in other.heard if topic == b"tick"]) >= ticks, other.check_msg)
numbers = [int(msg) for topic, msg in other.heard if topic == b"tick"]
# Of different QoS one message may overtake another.
print(sorted(numbers) == list(range(len(numbers))), len(numbers) >= COUNT)
print("done")
