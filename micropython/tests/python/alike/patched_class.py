"""A program puts its own functions into the class before it makes a client: they are called, and stay."""

from stage import *
from umqtt.simple2 import MQTTClient

NAMES = (
    "__init__ connect disconnect publish subscribe check_msg wait_msg ping _read _write"
    " set_callback set_callback_status set_last_will"
).split()
calls = {}


def wrap(name):
    own = getattr(MQTTClient, name)

    def wrapper(self, *args, **kwargs):
        calls[name] = calls.get(name, 0) + 1
        return own(self, *args, **kwargs)

    setattr(MQTTClient, name, wrapper)


print("names", [getattr(MQTTClient, name).__name__ == name for name in NAMES])
for name in NAMES:
    wrap(name)
peer.answer()
c = make()
c.set_last_will("gone", "bye", qos=1, retain=True)
c.connect(clean_session=True)
tell("publish", c.publish, "t", "x")
tell("publish", c.publish, topic="t", msg="x", qos=1)
tell("publish", c.publish, "t", "x", qos=1, retain=True)
tell("subscribe", c.subscribe, "t", qos=1)
c.ping()
peer.send(b"\x40\x02\x00\x01\x90\x03\x00\x03\x01\x30\x04\x00\x01tx")
for _ in range(3):
    tell("check_msg", c.check_msg)
c.disconnect()
print(sorted(name for name in NAMES if name not in calls))
# Whatever it is.
for function in len, abs, lambda self: "mine", staticmethod(lambda: "static"), 7:
    MQTTClient.publish = function
    c = MQTTClient("d", "127.0.0.1", PORT)
    tell("replaced", lambda: c.publish())
