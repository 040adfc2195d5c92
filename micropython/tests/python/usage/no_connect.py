"""The program never calls connect(): simple2 says so, robust2 queues, and reconnect() connects."""

from stage import *
from umqtt import robust2

c = make()
for call in (
    lambda: c.publish("t", "x"),
    lambda: c.publish("t", "x", qos=1),
    lambda: c.subscribe("t"),
    c.check_msg,
    c.wait_msg,
    c.ping,
    c.disconnect,
):
    tell("simple2", call)
print(c.rcv_pids, c.socket_timeout)

c = make(robust2)
tell("is_conn_issue", c.is_conn_issue)
tell("publish", c.publish, "t", "x", qos=1)
tell("subscribe", c.subscribe, "t")
tell("is_conn_issue", c.is_conn_issue)
peer.answer()
while c.is_conn_issue():
    tell("reconnect", c.reconnect)
tell("send_queue", c.send_queue)
print(c.msg_to_send, c.sub_to_send)
print("done")
