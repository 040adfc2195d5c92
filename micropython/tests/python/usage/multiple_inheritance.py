"""A client with mixins: one before it, which calls the client's own method, and one after it."""

from stage import *
from umqtt import robust2, simple2


class Log:
    lines = []

    def publish(self, topic, msg, *args):
        self.lines.append((topic, msg))
        return simple2.MQTTClient.publish(self, topic, msg, *args)


class Sensor:
    unit = "C"

    def measure(self):
        return self.publish("temperature", "21 " + self.unit)

    def on_message(self, topic, msg, retained, dup):
        print("  asked", topic, msg)
        self.measure()


class Device(Log, simple2.MQTTClient, Sensor):
    def __init__(self, name):
        simple2.MQTTClient.__init__(self, name, "127.0.0.1", PORT)


class Robust(Sensor, robust2.MQTTClient):
    def __init__(self, *args):
        super(Sensor, self).__init__()
        robust2.MQTTClient.__init__(self, *args)


class Both(robust2.MQTTClient, Sensor):
    def check_msg(self):
        print("  looks")
        return super().check_msg()


for made in Device("c"), Robust("c", "127.0.0.1", PORT), Both("c", "127.0.0.1", PORT):
    peer.client = c = made
    peer.answer()
    tell("connect", c.connect)
    tell("measure", c.measure)
    c.set_callback(c.on_message)
    peer.send(b"\x30\x06\x00\x01task\xd0\x00")
    tell("check_msg", c.check_msg)
    tell("wait_msg", c.wait_msg)
    print(Log.lines, isinstance(c, simple2.MQTTClient), isinstance(c, Log))
    tell("disconnect", c.disconnect)
print("done")
