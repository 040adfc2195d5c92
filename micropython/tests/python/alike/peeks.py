"""A part of a message waits, the program has made the socket blocking or given it a time-out, and publishes."""

from stage import *

message = b"\x30\x0e\x00\x01tabcdefghijk"

for name, value in ("blocking", None), ("time-out", 0.3):
    for count in 1, 3, 10:
        c = connected()
        c.check_msg()
        peer.send(message[:count])
        c.sock.settimeout(value)
        tell(name, c.publish, "t", "x")
        peer.send(message[count:] + message)
        c.check_msg()
        c.check_msg()
        c.disconnect()
