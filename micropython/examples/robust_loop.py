"""Publishes a count, and survives lost Wi-Fi, a broker that restarts and lost acknowledgements."""

import time

from umqtt.robust2 import MQTTClient


def on_message(topic, msg, retained, dup):
    print(topic.decode(), msg.decode())


client = MQTTClient("shed", "broker.local", keepalive=30)
client.DEBUG = True  # prints what went wrong
client.set_callback(on_message)
client.connect(clean_session=False)
client.subscribe("shed/say", qos=1)

count = 0
due = time.ticks_ms()
while True:
    if client.is_conn_issue():
        client.reconnect()  # pauses longer after each failure, but at most 50 ms in one call
    else:
        client.send_queue()  # sends what could not be sent or was not acknowledged
        client.check_msg()
    if time.ticks_diff(time.ticks_ms(), due) >= 0:
        due = time.ticks_add(due, 10_000)
        count += 1
        client.publish("shed/count", str(count), qos=1)  # queued if it cannot be sent
    time.sleep_ms(10)
