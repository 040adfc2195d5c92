"""Wakes up, publishes, receives the messages sent meanwhile, and sleeps again."""

import time

import machine
from umqtt.robust2 import MQTTClient

SLEEP = 10 * 60 * 1000
AWAKE = 10 * 1000  # the longest, so that a broker that is down does not empty the battery


def on_message(topic, msg, retained, dup):
    print(topic.decode(), msg.decode())


start = time.ticks_ms()
client = MQTTClient("shed", "broker.local", socket_timeout=3, message_timeout=5)
client.set_callback(on_message)
client.connect(clean_session=False)  # the broker keeps QoS 1 messages while the board sleeps
client.subscribe("shed/interval", qos=1)
client.publish("shed/temperature", "21.5", qos=1)
while client.things_to_do() and time.ticks_diff(time.ticks_ms(), start) < AWAKE:
    if client.is_conn_issue():
        client.reconnect()
    client.send_queue()
    client.check_msg()
client.disconnect()
machine.deepsleep(SLEEP)  # the program then starts again
