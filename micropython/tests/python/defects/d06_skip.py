# micropython: -X heapsize=512K
"""6. A message for which there is no memory is dropped, acknowledged and told; the link goes on."""

from stage import *

c = connected(socket_timeout=2)
for _ in range(2):
    peer.send(b"\x32\x85\x89\x7a\x00\x01t\x00\x07")
    peer.fill(b"x", 2000000)
    tell("check_msg", c.check_msg)
peer.send(b"\x30\x04\x00\x01tx")
tell("check_msg", c.check_msg)
link(c)
