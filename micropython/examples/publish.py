"""Publishes two messages, and waits until the broker has acknowledged the second."""

from umqtt.simple2 import MQTTClient


def on_status(pid, status):
    print("message", pid, ("timed out", "is delivered", "is unknown")[status])


client = MQTTClient("shed", "broker.local")
client.set_callback_status(on_status)
client.connect()
client.publish("shed/hello", "sent once, and forgotten")
client.publish("shed/temperature", "21.5", retain=True, qos=1)
while client.rcv_pids:  # until the broker has acknowledged everything
    client.check_msg()
client.disconnect()
