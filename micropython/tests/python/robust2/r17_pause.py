"""The broker is away for 14 s: reconnect() tries soon, then every `PAUSE_MAX` seconds. The clock is the test's."""

from robust import *

now = 0
slept = 0


def clock():
    return now


def sleep(milliseconds):
    global now, slept
    now += milliseconds
    slept += milliseconds


robust2.ticks_ms = clock
robust2.sleep_ms = sleep


class Client(robust2.MQTTClient):
    def connect(self, *args):
        tries.append(now)
        return super().connect(*args)


def away(seconds, pause=None):
    """The broker goes, and comes back; the program publishes and reconnects every 100 ms."""
    global now
    peer.close()
    c.wait_msg()
    c.port = 1
    tries.clear()
    gone = now
    if pause is not None:
        c.PAUSE_MAX = pause
    while c.is_conn_issue():
        if now >= gone + 1000 * seconds and c.port == 1:
            c.port = PORT
            peer.answer()
        c.publish("t", "x", False, 1)
        now += 100
        c.reconnect()
    print("tries", [time - gone for time in tries][:20])
    print("back after", now - gone - 1000 * seconds)


tries = []
c = Client("c", "127.0.0.1", PORT)
peer.client = c
peer.answer()
c.connect()
away(14)
away(14, 1)
away(1, 0)
print("pause", c.PAUSE_MAX)

# A call that comes late enough tries at once.
del c.PAUSE_MAX
peer.close()
c.wait_msg()
c.port = 1
tries.clear()
slept = 0
for pause in 100, 100, 200, 400, 800, 1600, 3200, 5000, 5000:
    now += pause
    c.reconnect()
print(len(tries), "tries, slept", slept)
now += 4900
c.reconnect()
print(len(tries), "tries, slept", slept)
now += 50
c.reconnect()
print(len(tries), "tries, slept", slept)
