"""A broker that sends anything: each line of standard input is what it sends, after its CONNACK or instead of it.

Nothing but MQTTException and OSError may come of it, soon; what else comes is printed, and at the end how often what
came.
"""

import gc

from stage import *
from umqtt.simple2 import MQTTClient, MQTTException

# "collect": the collector runs in each callback, and after each 64 bytes that are taken.
if "collect" in sys.argv:
    gc.threshold(64)
collect = gc.collect if "collect" in sys.argv else lambda: None
# The longest that a line may take, in milliseconds.
LIMIT = 3000
counts = {}
messages = 0


def count(what):
    counts[what] = counts.get(what, 0) + 1


def on_any_message(topic, msg, retained, dup):
    global messages
    collect()
    messages += 1
    if not (isinstance(topic, bytes) and isinstance(msg, bytes) and retained in (True, False) and dup in (True, False)):
        print("wrong callback", topic, msg, retained, dup)


def on_any_status(pid, status):
    collect()
    if not (isinstance(pid, int) and status in (0, 1, 2)):
        print("wrong status", pid, status)


def on_any_part(topic, part, offset, total):
    collect()
    if not (isinstance(topic, bytes) and 0 <= offset < total and len(part) <= total - offset):
        print("wrong part", topic, part, offset, total)


def play(first, data, closing, parts):
    c = MQTTClient("c", "127.0.0.1", PORT, socket_timeout=0.05 if first else 2)
    peer.client = c
    c.set_callback(on_any_message)
    c.set_callback_status(on_any_status)
    if parts:
        c.msg_max = 20
        c.cb_part = on_any_part
    peer.answer(data if first else CONNACK)
    try:
        c.connect()
        c.socket_timeout = 0.01
        if not first:
            c.publish("t", "x", qos=1)
            c.subscribe("t")
            peer.send(data)
        if closing:
            peer.close()
        idle = 0
        for _ in range(12):
            if c.check_msg() is None and not closing:
                idle += 1
                if idle == 3:
                    break
        count("no exception")
    except MQTTException as error:
        count("MQTTException %r" % error.args[0])
    except OSError as error:
        count("OSError")
    c.disconnect()


for line in sys.stdin:
    how, _, digits = line.strip().partition(" ")
    start = ticks_ms()
    try:
        play("f" in how, bytes.fromhex(digits), "c" in how, "p" in how)
    except Exception as error:
        print("wrong", how, digits[:200], name_of(error))
        count("wrong")
    if ticks_diff(ticks_ms(), start) > LIMIT:
        print("slow", how, digits[:200])
print("counts", messages, "messages", sorted(counts.items()))
