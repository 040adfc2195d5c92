"""After an error the program makes a new client and does not disconnect the old one."""

import gc

from stage import *
from umqtt import robust2, simple2

for module in simple2, robust2:
    for number in range(10):
        peer.answer()
        c = module.MQTTClient("c", "127.0.0.1", PORT)
        peer.client = c
        c.set_callback(on_message)
        c.connect()
        c.publish("t", str(number))
        peer.send(b"\x30\x04\x00\x01tx")
        c.check_msg()
        if number % 3 == 2:
            gc.collect()
print("connections", peer.connections())
print("done")
