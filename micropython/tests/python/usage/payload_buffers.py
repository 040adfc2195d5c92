"""bytes, bytearray, memoryview and str, as messages and as topics; the program changes its buffer afterwards."""

from array import array

from stage import *
from umqtt import robust2

c = connected()
buffer = bytearray(b"21.5 C")
for message in b"21.5", buffer, memoryview(buffer), memoryview(buffer)[:4], memoryview(b"21.5"), "21.5", b"", "":
    tell("publish", c.publish, "t", message)
    tell("publish", c.publish, b"t", message, False, 1)
buffer[0:2] = b"99"
tell("publish", c.publish, "t", buffer, retain=True)
tell("publish", c.publish, bytearray(b"t"), "x")
tell("publish", c.publish, memoryview(b"topic")[:1], "x")
tell("publish", c.publish, "t", array("B", [1, 2, 3]))
tell("subscribe", c.subscribe, b"t")
tell("subscribe", c.subscribe, bytearray(b"t"))

c = connected(robust2)
tell("publish", c.publish, b"t", b"x", False, 1)
tell("publish", c.publish, "t", memoryview(b"x"))
print(c.msg_to_confirm)
print("done")
