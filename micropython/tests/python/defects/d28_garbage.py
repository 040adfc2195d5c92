"""28. A message of QoS 0 leaves no garbage, neither sent nor looked for."""

import gc

from stage import *

c = connected()
topic, message = b"some/topic", b"some message"
publish, check_msg = c.publish, c.check_msg


def garbage(call, *arguments):
    call(*arguments)
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    for _ in range(100):
        call(*arguments)
    after = gc.mem_alloc()
    gc.enable()
    return after - before


empty = garbage(lambda: None)
print("publish", garbage(publish, topic, message) - empty)
print("idle check_msg", garbage(check_msg) - empty)
peer.forget()
