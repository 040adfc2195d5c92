"""What a callback raises passes through, also after a nested check_msg; a QoS 2 message is acknowledged all the same."""

from stage import *
from umqtt import robust2

c = connected(robust2)


def on_error(topic, msg, *_):
    c.check_msg()
    raise OSError(28)


c.set_callback(on_error)
for packet in b"\x30\x04\x00\x01tx", b"\x34\x06\x00\x01t\x00\x05x":
    peer.send(packet)
    tell("check_msg", c.check_msg)
    print("issue", c.conn_issue)
    c.conn_issue = None

c.set_callback(lambda *_: None)
c.set_callback_status(on_error)
peer.send(b"\x40\x02\x00\x07")
tell("status", c.check_msg)
print("issue", c.conn_issue)
