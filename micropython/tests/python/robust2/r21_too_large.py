"""The program gets the error for a message that is too large: it is not an issue of the connection."""

from robust import *

c = connected(robust2)
c.msg_max = 10
peer.send(b"\x30\xdb\x0f\x00\x01t" + b"x" * 2008)
try:
    c.check_msg()
except robust2.simple2.MQTTException as error:
    print("raised", error.args[0])
issue(c)
