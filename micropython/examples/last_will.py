"""The broker publishes a message when the board is gone."""

import time

from umqtt.simple2 import MQTTClient

client = MQTTClient("shed", "broker.local", keepalive=30)
client.set_last_will("shed/state", "gone", retain=True, qos=1)  # before connect()
client.connect()
client.publish("shed/state", "here", retain=True, qos=1)
while True:
    client.check_msg()  # when this stops for 45 s, the broker publishes the will
    time.sleep_ms(100)
