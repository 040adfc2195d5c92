"""The program sets `sock` to None to be rid of the link, and connects again."""

from stage import *
from umqtt import robust2, simple2

for module in simple2, robust2:
    c = connected(module)
    keep = c.sock
    c.sock = None
    for call in (
        lambda: c.publish("t", "x"),
        lambda: c.publish("t", "x", qos=1),
        lambda: c.subscribe("t"),
        c.check_msg,
        c.wait_msg,
        c.ping,
        c.disconnect,
    ):
        tell("call", call)
        if module is robust2:
            print(c.conn_issue)
    peer.answer()
    tell("connect", c.connect)
    tell("publish", c.publish, "t", "y")
    c.disconnect()
print("done")
