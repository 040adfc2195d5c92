"""A subscription that finds the link closed waits in the queue, then for its SUBACK."""

from robust import *

c = connected(robust2)
c.sock.close()
tell("subscribe", c.subscribe, "t/#")
lists(c)
print(c.subs)
tell("is_conn_issue", c.is_conn_issue)
c.newpid = robust2.simple2.pid_gen(6)
back(c)
lists(c)
tell("send_queue", c.send_queue)
lists(c)
print(list(c.rcv_pids), c.things_to_do())
peer.send(suback(7, 0))
tell("check_msg", c.check_msg)
lists(c)
print(list(c.rcv_pids), c.things_to_do(), c.subs)
tell("disconnect", c.disconnect)
