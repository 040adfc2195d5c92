"""A lamp that messages switch, and that publishes its state."""

from machine import Pin
from umqtt.simple2 import MQTTClient

led = Pin(2, Pin.OUT)  # "LED" on a Pico W


def on_message(topic, msg, retained, dup):
    led.value(msg == b"on")
    client.publish("shed/lamp", msg, retain=True)


client = MQTTClient("shed-lamp", "broker.local", keepalive=60)
client.set_callback(on_message)
client.connect()
client.subscribe("shed/lamp/set", qos=1)
while True:
    client.wait_msg()
