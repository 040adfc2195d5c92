"""asyncio: a task that looks for messages, two that publish, and a lock around each call."""

import asyncio

from mosquitto import *

COUNT = 30
echoes = {"a": [], "b": []}


def on_message(topic, msg, retained, dup):
    name, number = msg.decode().split()
    echoes[name].append(int(number))


async def receiver(c, lock):
    while True:
        async with lock:
            c.check_msg()
        await asyncio.sleep_ms(1)


async def publisher(c, lock, name):
    for number in range(COUNT):
        async with lock:
            c.publish("echo", "%s %d" % (name, number), qos=1)
        while c.rcv_pids:
            await asyncio.sleep_ms(1)


async def main():
    c = MQTTClient("c", "127.0.0.1", PORT)
    c.set_callback(on_message)
    c.connect()
    c.subscribe("echo", 1)
    lock = asyncio.Lock()
    task = asyncio.create_task(receiver(c, lock))
    await asyncio.wait_for(asyncio.gather(publisher(c, lock, "a"), publisher(c, lock, "b")), 15)
    while min(len(numbers) for numbers in echoes.values()) < COUNT:
        await asyncio.sleep_ms(1)
    task.cancel()
    c.disconnect()


asyncio.run(asyncio.wait_for(main(), 15))
print(all(numbers == list(range(COUNT)) for numbers in echoes.values()))
print("done")
