"""One thread receives, the main thread publishes; a lock keeps them apart."""

import _thread

from mosquitto import *

COUNT = 200
lock = _thread.allocate_lock()
echoes = []
ended = []

c = MQTTClient("c", "127.0.0.1", PORT)
c.set_callback(lambda topic, msg, retained, dup: echoes.append(int(msg)))
c.connect()
c.subscribe("numbers", 1)
until(lambda: not c.rcv_pids, c.check_msg)


def receive():
    try:
        until(lambda: len(echoes) == COUNT and not c.rcv_pids, look)
        ended.append("received")
    except Exception as error:
        ended.append(error)


def look():
    with lock:
        c.check_msg()


_thread.start_new_thread(receive, ())
for number in range(COUNT):
    until(lambda: len(c.rcv_pids) < 10, lambda: None)
    with lock:
        c.publish("numbers", str(number), False, 1)
until(lambda: ended, lambda: None)
print(ended, echoes == list(range(COUNT)))
c.disconnect()
print("done")
