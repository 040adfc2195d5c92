"""What the programs of this folder that talk to a real Mosquitto share."""

import sys

from time import ticks_diff, ticks_ms

from umqtt.simple2 import MQTTClient, MQTTException

PORT, TLS_PORT, FOLDER = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
# How long, in milliseconds, something may take that must happen.
PATIENCE = 15000


def until(done, turn):
    """Makes turns of the main loop until it is done."""
    start = ticks_ms()
    while not done():
        turn()
        if ticks_diff(ticks_ms(), start) > PATIENCE:
            raise RuntimeError("it did not happen")


def listener(*topics):
    """A client that keeps what it hears in `heard`, subscribed."""
    c = MQTTClient("listener", "127.0.0.1", PORT)
    c.heard = []
    c.set_callback(lambda topic, msg, retained, dup: c.heard.append((topic, msg)))
    c.connect()
    for topic in topics:
        c.subscribe(topic, 1)
    until(lambda: not c.rcv_pids, c.check_msg)
    return c


def file(name):
    with open(FOLDER + "/" + name, "rb") as f:
        return f.read()
