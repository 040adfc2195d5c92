# micropython: -X heapsize=150k
"""A message for which there is memory once but not twice is not lost silently; what follows is received."""

import gc

from stage import *

c = connected()
gc.collect()
peer.send(b"\x32\xfd\xc9\x04\x00\x01t\x00\x07")
peer.fill(b"z", 75000)
peer.send(b"\x32\x06\x00\x01t\x00\x08x")
for _ in range(100):
    try:
        c.check_msg()
    except MemoryError:
        print("MemoryError")
        break
    except Exception as error:
        print(name_of(error))
    if not c.poller_r.poll(50):
        break
if c.sock:
    c.disconnect()
