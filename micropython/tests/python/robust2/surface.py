"""What robust2 does offline and at its limits, and what it prints."""

from robust import *

c = make(robust2)
c.DEBUG = True
tell("is_conn_issue", c.is_conn_issue)
c.log()
for call in (
    lambda: c.publish("t", "q0"),
    lambda: c.publish("t", "q0"),
    lambda: c.subscribe("s", 1),
    lambda: c.subscribe("s", 1),
    c.send_queue,
    c.ping,
    c.check_msg,
    c.disconnect,
):
    tell("call", call)
    tell("is_conn_issue", c.is_conn_issue)
print(c.msg_to_send, c.sub_to_send, c.things_to_do())

c.NO_QUEUE_DUPS = False
tell("again", c.publish, "t", "q0")
c.KEEP_QOS0 = False
tell("not kept", c.publish, "t", "q0")
tell("kept", c.publish, "t", "1", False, 1)
tell("retained", c.publish, "r", "1", True, 1)
tell("other", c.publish, "r", "x", False, 1)
tell("retained", c.publish, "r", "2", True, 1)
print(c.msg_to_send)
tell("too many", c.publish, "t", "2", False, 1)
print(c.msg_to_send)
c.RESUBSCRIBE = False
tell("subscribe", c.subscribe, "not recorded")
print(c.subs)
c.msg_to_send.clear()
c.sub_to_send.clear()

peer.answer()
tell("connect", c.connect)
c.newpid = robust2.simple2.pid_gen()
tell("is_conn_issue", c.is_conn_issue)
c.MSG_QUEUE_MAX = 3
for number in range(4):
    tell("publish", c.publish, "n", str(number), False, 1)
peer.close()
tell("check_msg", c.check_msg)
issue(c)
c.sock.close()
tell("publish", c.publish, "n", "offline", False, 1)
lists(c)
