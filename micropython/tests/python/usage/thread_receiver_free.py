"""One thread waits in wait_msg() while the main thread publishes QoS 0, without a lock."""

import _thread

from mosquitto import *

COUNT = 200
echoes = []
ended = []

c = MQTTClient("c", "127.0.0.1", PORT)
c.set_callback(lambda topic, msg, retained, dup: echoes.append(int(msg)))
c.connect()
c.subscribe("numbers")
until(lambda: not c.rcv_pids, c.check_msg)


def receive():
    try:
        while len(echoes) < COUNT:
            c.wait_msg()
        ended.append("received")
    except Exception as error:
        ended.append(error)


_thread.start_new_thread(receive, ())
for number in range(COUNT):
    until(lambda: number - len(echoes) < 10, lambda: None)
    c.publish("numbers", str(number))
until(lambda: ended, lambda: None)
print(ended, echoes == list(range(COUNT)))
c.disconnect()
print("done")
