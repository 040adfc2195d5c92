"""The program assigns `conn_issue`, `subs`, the queues and `last_cpacket` of robust2 itself."""

from stage import *
from umqtt import robust2, simple2

c = make(robust2, keepalive=60)
c.subs = [("a", 0), ("b", 1)]
c.msg_to_send = [("t", "saved", False, 1), ("t", "saved too", True, 0)]
c.sub_to_send = [("c", 1)]
c.conn_issue = (OSError(113), 1)
tell("is_conn_issue", c.is_conn_issue)
tell("things_to_do", c.things_to_do)
peer.answer()
tell("connect", c.connect, False)
tell("is_conn_issue", c.is_conn_issue)
tell("send_queue", c.send_queue)
tell("resubscribe", c.resubscribe)
print(c.msg_to_send, c.sub_to_send, c.msg_to_confirm, sorted(c.sub_to_confirm.items()))

c.msg_to_confirm = {}
c.sub_to_confirm = {("mine", 0): [9]}
tell("things_to_do", c.things_to_do)
c.conn_issue = simple2.MQTTException(1), 10
tell("publish", c.publish, "t", "x")
tell("is_conn_issue", c.is_conn_issue)
c.conn_issue = None
tell("is_conn_issue", c.is_conn_issue)

# A watchdog of the program's own: it says when a packet came.
c.last_cpacket = ticks_add(ticks_ms(), -100000)
tell("is_keepalive", c.is_keepalive)
tell("is_conn_issue", c.is_conn_issue)
c.last_cpacket = ticks_ms()
tell("is_keepalive", c.is_keepalive)
c.conn_issue = None
tell("is_conn_issue", c.is_conn_issue)
c.MSG_QUEUE_MAX = 1
c.KEEP_QOS0 = False
c.sock.close()
tell("publish", c.publish, "t", "1", qos=1)
tell("publish", c.publish, "t", "2", qos=1)
tell("publish", c.publish, "t", "3")
print(c.msg_to_send)
c.msg_to_send.clear()
c.sub_to_send[:] = []
print(c.conn_issue[1], c.things_to_do())
print("done")
