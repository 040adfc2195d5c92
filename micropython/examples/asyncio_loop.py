"""MQTT as one task among others."""

import asyncio

from umqtt.robust2 import MQTTClient

client = MQTTClient("shed", "broker.local", keepalive=30, socket_timeout=2)
client.set_callback(lambda topic, msg, retained, dup: print(topic.decode(), msg.decode()))


async def mqtt():
    client.connect(clean_session=False)  # a clean session would empty the queue
    client.subscribe("shed/say", qos=1)
    while True:
        if client.is_conn_issue():
            client.reconnect()  # may block for socket_timeout, and while the name is looked up
        else:
            client.send_queue()
            client.check_msg()
        await asyncio.sleep_ms(20)


async def main():
    asyncio.create_task(mqtt())
    count = 0
    while True:
        count += 1
        client.publish("shed/count", str(count), qos=1)
        await asyncio.sleep(1)


asyncio.run(main())
