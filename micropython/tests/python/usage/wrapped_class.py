"""Methods of the class are wrapped by closures before a client is made: to print, to count, to measure."""

from stage import *
from umqtt.simple2 import MQTTClient


def wrap(name):
    own = getattr(MQTTClient, name)

    def method(self, *args, **kwargs):
        print(name, args[:1], sorted(kwargs))
        return own(self, *args, **kwargs)

    setattr(MQTTClient, name, method)


for name in "__init__", "publish", "check_msg", "wait_msg", "subscribe", "ping", "connect", "disconnect":
    wrap(name)

c = MQTTClient("c", "127.0.0.1", port=PORT)
peer.client = c
c.set_callback(on_message)
peer.answer()
tell("connect", c.connect)
tell("publish", c.publish, "t", "x")
tell("publish", c.publish, "t", "x", qos=1)
tell("subscribe", c.subscribe, "t", qos=1)
peer.send(b"\x40\x02\x00\x01\x90\x03\x00\x02\x01\x30\x04\x00\x01tx\xd0\x00")
for _ in range(3):
    tell("check_msg", c.check_msg)
tell("ping", c.ping)
tell("wait_msg", c.wait_msg)
tell("disconnect", c.disconnect)
print("done")
