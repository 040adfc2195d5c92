# micropython: -X heapsize=16M
"""5. What the socket does not take at once is sent as soon as it does."""

from stage import *

c = connected(socket_timeout=5, message_timeout=60)
c.sock.setsockopt(1, 7, 16384)  # SO_SNDBUF
peer.hold_until_full()
pid = tell("publish", c.publish, "t", bytes(1000000), False, 1)
print("pending", list(c.rcv_pids))
if pid is None:
    # What went out is cut where the socket was full.
    c.sock.close()
    peer.wire(1000024)
    peer.forget()
else:
    print("came", len(peer.wire(1000024)))
    peer.send(b"\x40\x02\x00\x01")
    tell("check_msg", c.check_msg)
link(c)
