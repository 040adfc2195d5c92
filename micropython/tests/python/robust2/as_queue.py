"""What is under way counts against MSG_QUEUE_MAX, and the oldest goes; a clean session begins with an empty queue."""

from robust import *

c = connected(robust2)
c.MSG_QUEUE_MAX = 3
tell("publish", c.publish, "t", "1", False, 1)
tell("publish", c.publish, "t", "2", False, 1)
c.sock.close()
for number in range(3, 6):
    tell("publish", c.publish, "t", str(number), False, 1)
    lists(c)
    print(c.things_to_do())
back(c, CONNACK_RESUMED)
tell("things_to_do", c.things_to_do)
peer.answer()
tell("connect", c.connect)
lists(c)
tell("things_to_do", c.things_to_do)
