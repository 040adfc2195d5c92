"""The device wakes, connects, publishes and sleeps again: after disconnect(), or at once."""

from mosquitto import *


class DeepSleep(Exception):
    pass


def deepsleep():
    """The board starts again, and nothing of the program is left."""
    raise DeepSleep


def wake(number, orderly):
    c = MQTTClient("device", "127.0.0.1", PORT)
    c.connect()
    c.publish("number", str(number))
    c.publish("retained", "%d" % number, True)
    if orderly:
        c.disconnect()
    deepsleep()


other = listener("number", "retained")
for number in range(6):
    try:
        wake(number, number % 2)
    except DeepSleep:
        # It sleeps for longer than what it has written needs to arrive.
        until(lambda: len(other.heard) == 2 * number + 2, other.check_msg)
print(sorted(msg for topic, msg in other.heard if topic == b"number"))
print("done")
