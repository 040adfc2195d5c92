"""Prints every message below `shed/`."""

from umqtt.simple2 import MQTTClient


def on_message(topic, msg, retained, dup):
    print(topic.decode(), msg.decode(), "(retained)" if retained else "")


client = MQTTClient("shed-display", "broker.local", keepalive=60)
client.set_callback(on_message)
client.connect()
client.subscribe("shed/#", qos=1)
while True:
    client.wait_msg()  # sends PINGREQ by itself
