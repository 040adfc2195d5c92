"""robust2: what a callback of the program raises is no issue of the connection."""

from stage import *
from umqtt import robust2

c = connected(robust2)
for error in (OSError(5), robust2.simple2.MQTTException(1), ValueError("mine")):

    def failing(*_):
        raise error

    c.set_callback(failing)
    peer.send(b"\x30\x04\x00\x01tx")
    tell("check_msg", c.check_msg)
    print("issue", c.conn_issue)
    c.conn_issue = None
c.set_callback_status(failing)
tell("publish", c.publish, "t", "x", False, 1)
peer.send(b"\x40\x02\x00\x01")
tell("check_msg", c.check_msg)
print("issue", c.conn_issue, "things to do", c.things_to_do())
