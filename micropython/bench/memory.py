"""The heap that the modules and a client take, and the garbage that an event leaves, in bytes.

A line `event garbage number` for an event. For each step of a program `STEP taken number`, all that is taken then, and
a line of micropython.qstr_info().
"""

import micropython

from stage import *

TURNS = 16


def taken(step):
    gc.collect()
    print(step, "taken", gc.mem_alloc())
    micropython.qstr_info()


def garbage(event):
    """What an event leaves behind: the message and topic of a callback, too."""
    total = 0
    for turn in range(2 + TURNS):
        streamed(event)
        gc.collect()
        gc.disable()
        before = gc.mem_alloc()
        if event == "publish-0":
            client.publish(TOPIC, MESSAGE)
        elif event == "publish-1":
            client.publish(TOPIC, MESSAGE, False, 1)
        elif event != "nothing":
            client.check_msg()
        after = gc.mem_alloc()
        gc.enable()
        # At the first turns a client may make its buffers.
        if turn >= 2:
            total += after - before
    return total // TURNS


umqtt = client = second = streamed = None
taken("nothing")
import umqtt.simple2

taken("simple2")
import umqtt.robust2

taken("robust2")
client = umqtt.simple2.MQTTClient("board", "broker")
taken("client")
client.connect()
taken("connected")
second = umqtt.simple2.MQTTClient("board", "broker")
taken("second")
second = None
client.set_callback(callback)
streamed = Streamed(client)
for event in EVENTS[:-1]:
    print(event, "garbage", garbage(event) - garbage("nothing"))
taken("used")
