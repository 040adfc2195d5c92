"""What send_queue() has sent is not sent again when it fails later."""

from robust import *


def pids():
    yield 1
    c.sock.close()
    yield 2
    yield 3
    yield 4
    yield 5


c = connected(robust2)
c.disconnect()
for msg in "one", "two", "three":
    c.publish("t", msg, False, 1)
back(c)
c.newpid = pids()
tell("send_queue", c.send_queue)
lists(c)
back(c, CONNACK_RESUMED)
tell("send_queue", c.send_queue)
lists(c)
