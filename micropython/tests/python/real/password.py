"""A password, right and wrong."""

from broker import *
from umqtt import simple2

c = make(simple2, "c", user="gardener", password="correct horse")
assert c.connect() == 0
acknowledged(c, c.publish("t", "x", qos=1))
c.disconnect()
for user, password in (("gardener", "wrong"), (None, None), ("nobody", None), ("gardener", b"\xff\x00")):
    c = make(simple2, "c", user=user, password=password)
    assert failure(c.connect) == ("MQTTException", (25,))
    assert c.sock is None
print("done")
