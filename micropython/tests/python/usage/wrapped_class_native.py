"""Something else than a Python function takes the place of a method: a builtin, a bound method, a class."""

from stage import *
from umqtt.simple2 import MQTTClient

own = MQTTClient.publish, MQTTClient.check_msg
lines = []
MQTTClient.publish = lines.append
MQTTClient.check_msg = len
c = connected()
tell("publish", c.publish, "a line")
tell("check_msg", c.check_msg, "four")
print(lines)
MQTTClient.publish, MQTTClient.check_msg = own
tell("publish", c.publish, "t", "x")
MQTTClient.publish = print
second = make()
peer.client = c
MQTTClient.publish = own[0]
tell("publish", c.publish, "t", "y")
tell("check_msg", c.check_msg)
print("done")
