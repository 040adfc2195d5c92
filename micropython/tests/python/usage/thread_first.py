# micropython: -X heapsize=4M
"""Threads that make their first clients at the same time: what is imported then is whole for all of them."""

import _thread

from encrypted import *

THREADS = 6
ended = []
begin = _thread.allocate_lock()


def work(name):
    with begin:
        pass
    try:
        c = MQTTClient(name, "127.0.0.1", TLS_PORT, ssl=True)
        c.set_callback(print)
        c.connect()
        c.publish("t", name, qos=1)
        until(lambda: not c.rcv_pids, c.check_msg)
        ended.append(True)
    except Exception as error:
        ended.append(error)


begin.acquire()
for number in range(THREADS):
    _thread.start_new_thread(work, ("client%d" % number,))
begin.release()
until(lambda: len(ended) == THREADS, lambda: None)
print(ended)
print("done")
