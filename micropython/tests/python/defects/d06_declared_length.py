# micropython: -X heapsize=512K
"""6. A length that was only declared takes no memory."""

from stage import *

c = connected()
c.socket_timeout = 0.2
peer.send(b"\x30\xff\xff\xff\x7f\x00\x01tabc")
tell("check_msg", c.check_msg)
peer.close()
tell("check_msg", c.check_msg)
