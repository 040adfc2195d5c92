"""A message of QoS 0 that finds the link closed is sent after reconnect()."""

from robust import *

c = connected(robust2)
c.sock.close()
tell("publish", c.publish, "t", "x")
lists(c)
tell("is_conn_issue", c.is_conn_issue)
print("place", c.conn_issue[1])
back(c)
tell("is_conn_issue", c.is_conn_issue)
tell("check_msg", c.check_msg)
tell("subscribe", c.subscribe, "t")
tell("send_queue", c.send_queue)
lists(c)
peer.send(suback(1, 0) + b"\x30\x04\x00\x01tx")
tell("check_msg", c.check_msg)
tell("check_msg", c.check_msg)
lists(c)
tell("disconnect", c.disconnect)
