"""A message on its way when the link is lost: sent again after reconnect(), before the time-out."""

from stage import *
from umqtt import robust2

c = connected(robust2)
tell("publish", c.publish, "t", "x", False, 1)
peer.wire(8)
peer.close()
tell("check_msg", c.check_msg)
print(c.msg_to_confirm, c.msg_to_send, c.things_to_do())
peer.answer()
while c.is_conn_issue():
    c.reconnect()
tell("send_queue", c.send_queue)
print(len(c.msg_to_confirm), c.msg_to_send, c.things_to_do())
print("sent again", len(peer.wire()) > 15)
print("done")
