"""Methods are called by way of the class, of its base class, and from a table of functions."""

from stage import *
from umqtt import robust2, simple2

c = connected(robust2)
for module in simple2, robust2:
    C = module.MQTTClient
    tell("publish", C.publish, c, "t", "x")
    tell("publish", C.publish, c, "t", "x", True, 1)
    tell("subscribe", C.subscribe, c, "t", 1)
    tell("ping", C.ping, c)
    tell("check_msg", C.check_msg, c)
    tell("set_callback", C.set_callback, c, on_message)
    peer.send(b"\xd0\x00")
    tell("wait_msg", C.wait_msg, c)

commands = {"send": simple2.MQTTClient.publish, "look": simple2.MQTTClient.check_msg}
tell("send", commands["send"], c, "t", "y")
tell("look", commands["look"], c)
list(map(lambda topic: simple2.MQTTClient.publish(c, topic, "all"), ("a", "b")))
publish = c.publish
tell("publish", publish, "t", "bound")
try:
    simple2.MQTTClient.check_msg()
except TypeError:
    print("TypeError")
tell("disconnect", simple2.MQTTClient.disconnect, c)
tell("publish", simple2.MQTTClient.publish, c, "t", "late")
print("done")
