"""robust2: an error of wait_msg is told as one of wait_msg."""

from stage import *
from umqtt import robust2

c = connected(robust2)
peer.close()
tell("wait_msg", c.wait_msg)
print("issue", name_of(c.conn_issue[0]), c.conn_issue[1])
print("timeout", c.socket_timeout)
