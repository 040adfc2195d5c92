"""robust2: a message may be a bytearray, and may be changed afterwards."""

from stage import *
from umqtt import robust2

message = bytearray(b"old")
c = connected(robust2)
tell("publish", c.publish, "t", message, False, 1)
message[:] = b"new"
print("to confirm", c.msg_to_confirm)
peer.send(b"\x40\x02\x00\x01")
tell("check_msg", c.check_msg)
print("things to do", c.things_to_do())
c.disconnect()
tell("offline", c.publish, "t", message, False, 1)
message[:] = b"old"
print("to send", c.msg_to_send)
