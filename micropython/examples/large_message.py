"""Takes a message that is larger than the memory: it goes to a file in parts."""

from umqtt.simple2 import MQTTClient

done = False


def on_part(topic, part, offset, total):
    global done
    file.write(part)  # `part` is lent: copy what shall be kept
    done = offset + len(part) == total


client = MQTTClient("shed", "broker.local", keepalive=60)
client.set_callback(lambda topic, msg, retained, dup: print(topic, msg))
client.cb_part = on_part
client.msg_max = 1000  # what is longer comes in parts
client.connect()
client.subscribe("shed/firmware", qos=1)
with open("firmware.bin", "wb") as file:
    while not done:
        client.check_msg()
client.disconnect()
