"""A button that publishes each press."""

import time

from machine import Pin
from umqtt.simple2 import MQTTClient

button = Pin(0, Pin.IN, Pin.PULL_UP)
client = MQTTClient("shed-button", "broker.local", keepalive=60)
client.connect()
released = 1
while True:
    if button.value() != released:
        released = button.value()
        client.publish("shed/button", "released" if released else "pressed", qos=1)
    client.check_msg()  # receives acknowledgements, and sends PINGREQ
    time.sleep_ms(20)  # longer than the contact bounces
