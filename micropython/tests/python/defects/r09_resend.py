"""robust2: what is sent again in the same session has its pid and DUP; in a new session it has neither."""

from stage import *
from umqtt import robust2

c = connected(robust2)
tell("publish", c.publish, "t", "x", False, 1)
expire(c)
tell("check_msg", c.check_msg)
print("to send", c.msg_to_send)
tell("send_queue", c.send_queue)
print("to confirm", c.msg_to_confirm)
peer.send(b"\x40\x02\x00\x01")
tell("check_msg", c.check_msg)
print("things to do", c.things_to_do())

for present in (1, 0):
    pid = tell("publish", c.publish, "t", "y", False, 1)
    peer.close()
    tell("check_msg", c.check_msg)
    peer.answer(bytes((32, 2, present, 0)))
    session = c.reconnect()
    print("session", session)
    tell("send_queue", c.send_queue)
    again = max(c.rcv_pids)
    print("same pid", again == pid)
    peer.send(b"\x40\x02" + again.to_bytes(2, "big"))
    tell("check_msg", c.check_msg)
    print("things to do", c.things_to_do())
