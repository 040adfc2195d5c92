"""int, float, None, list and dict are no messages; the program finds out, and goes on with text."""

from stage import *

for value in 21, 21.5, None, True, [1, 2], (1,), {"a": 1}, {1}, object:
    c = connected()
    try:
        print(c.publish("t", value))
    except TypeError:
        print("TypeError")
    c.disconnect()
    peer.wire()

c = connected()
tell("publish", c.publish, "t", str(21))
tell("publish", c.publish, "t", "%.1f" % 21.5)
tell("publish", c.publish, "t", repr({"a": 1}), qos=1)
for topic in 1, None, ["t"]:
    try:
        print(connected().publish(topic, "x"))
    except TypeError:
        print("TypeError")
print("done")
