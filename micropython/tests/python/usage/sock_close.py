"""The program closes the socket under the client, looks what the calls say, and connects again."""

from stage import *
from umqtt import robust2, simple2

for module in simple2, robust2:
    for what in "publish", "check_msg", "wait_msg", "ping", "subscribe", "disconnect":
        c = connected(module)
        c.sock.close()
        arguments = {"publish": ("t", "x"), "subscribe": ("t",)}.get(what, ())
        try:
            print(what, getattr(c, what)(*arguments), end=" ")
        except (OSError, simple2.MQTTException) as error:
            print(what, "raised", end=" ")
        print(module is robust2 and c.conn_issue is not None)
        peer.answer()
        tell("connect", c.connect)
        tell("publish", c.publish, "t", what)
        c.disconnect()
print("done")
