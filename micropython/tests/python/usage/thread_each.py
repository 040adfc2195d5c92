"""Each thread has a client of its own."""

import _thread

from mosquitto import *

THREADS, COUNT = 4, 50
ended = []


def work(name):
    try:
        mine = []
        c = MQTTClient(name, "127.0.0.1", PORT)
        c.set_callback(lambda topic, msg, retained, dup: mine.append(int(msg)))
        c.connect()
        c.subscribe("of/" + name, 1)
        for number in range(COUNT):
            c.publish("of/" + name, str(number), False, number % 2)
            until(lambda: len(mine) > number, c.check_msg)
        until(lambda: not c.rcv_pids, c.check_msg)
        c.disconnect()
        ended.append(mine == list(range(COUNT)))
    except Exception as error:
        ended.append(error)


for number in range(THREADS):
    _thread.start_new_thread(work, ("client%d" % number,))
until(lambda: len(ended) == THREADS, lambda: None)
print(ended)
print("done")
