"""The broker is absent: the program catches what connect() raises, and tries again until it is there."""

from stage import *
from umqtt import robust2, simple2

c = make(simple2, port=1)
for number in range(3):
    try:
        c.connect()
        print("connected")
    except (OSError, simple2.MQTTException):
        print("absent")
try:
    c.publish("t", "x")
except (OSError, simple2.MQTTException):
    print("not sent")
c.port = PORT
peer.answer()
tell("connect", c.connect)
tell("publish", c.publish, "t", "y")
c.disconnect()

c = make(robust2, port=1)
tell("connect", c.connect)
print(c.conn_issue[1])
tell("publish", c.publish, "t", "x", qos=1)
tell("subscribe", c.subscribe, "t")
for number in range(3):
    tell("reconnect", c.reconnect)
    tell("is_conn_issue", c.is_conn_issue)
print(c.msg_to_send, c.sub_to_send, c.conn_issue[1])
c.port = PORT
peer.answer()
while c.is_conn_issue():
    c.reconnect()
tell("send_queue", c.send_queue)
print(c.msg_to_send, c.sub_to_send, c.things_to_do())
print("done")
