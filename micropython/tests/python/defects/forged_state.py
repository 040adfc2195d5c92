"""Whatever a program puts in the place of the client's state is refused."""

import gc

from stage import *
from umqtt.simple2 import MQTTClient

for forged in (
    lambda c: None,
    lambda c: 7,
    lambda c: bytearray(len(c._m)),
    lambda c: bytes(len(c._m)),
    lambda c: bytearray(c._m),
    lambda c: memoryview(bytes(200))[1 : 1 + len(c._m)],
    lambda c: b"",
):
    c = connected()
    if hasattr(c, "_m"):
        c._m = forged(c)
    for call in lambda: c.publish("t", "x"), c.check_msg, c.disconnect:
        try:
            call()
            print("done")
        except (AssertionError, TypeError, AttributeError) as error:
            print(type(error).__name__)
    c.sock.close() if c.sock else None
    peer.forget()
c = connected()
if hasattr(c, "_m"):
    try:
        c._m[0] = 1
    except TypeError:
        print("it cannot be written to")


def anew(*_):
    """Initialises the client again inside its callback."""
    c.__init__("c", "127.0.0.1", PORT)
    gc.collect()
    bytearray(1000)
    print("  made anew")


c.set_callback(anew)
peer.send(b"\x32\x06\x00\x01t\x00\x05x")
tell("check_msg", c.check_msg)
print("sock", c.sock)
