# micropython: -X heapsize=16M
"""5. A packet that cannot be sent whole ends the link: what would follow is no packet."""

from stage import *

c = connected()
c.socket_timeout = 0.2
c.sock.setsockopt(1, 7, 16384)  # SO_SNDBUF
peer.hold()
tell("publish", c.publish, "t", bytes(4000000), False, 1)
print("pending", list(c.rcv_pids))
print("sock", "None" if c.sock is None else "set")
peer.reset()
peer.forget()
