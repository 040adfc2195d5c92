"""A message of QoS 1 that finds the link closed waits in the queue, then for its PUBACK."""

from robust import *

c = connected(robust2)
c.sock.close()
tell("publish", c.publish, "t", "x", qos=1)
lists(c)
tell("is_conn_issue", c.is_conn_issue)
c.newpid = robust2.simple2.pid_gen(6)
back(c)
lists(c)
tell("send_queue", c.send_queue)
lists(c)
print(list(c.rcv_pids), c.things_to_do())
peer.send(puback(7))
tell("check_msg", c.check_msg)
lists(c)
print(list(c.rcv_pids), c.things_to_do())
tell("disconnect", c.disconnect)
