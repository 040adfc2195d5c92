"""Receives a message that is larger than the memory, and writes it to a file in parts."""

from umqtt.simple2 import MQTTClient

done = False


def on_part(topic, part, offset, total):
    global done
    file.write(part)  # `part` is valid only during the call: copy what you keep
    done = offset + len(part) == total


client = MQTTClient("shed", "broker.local", keepalive=60)
client.set_callback(lambda topic, msg, retained, dup: print(topic, msg))
client.cb_part = on_part
client.msg_max = 1000  # a longer message comes in parts
client.connect()
client.subscribe("shed/firmware", qos=1)
with open("firmware.bin", "wb") as file:
    while not done:
        client.check_msg()
client.disconnect()
