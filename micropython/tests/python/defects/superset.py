"""What the original has not: several filters, unsubscribe, a version."""

from stage import *
from umqtt import simple2

print("version", bool(getattr(simple2, "__version__", "")))
c = connected()
tell("subscribe", c.subscribe, [("a", 0), (b"b/#", 1)])
peer.send(b"\x90\x04\x00\x01\x00\x80")
tell("check_msg", c.check_msg)
tell("subscribe", c.subscribe, (("a", 0), ("b", 1)))
peer.send(b"\x90\x04\x00\x02\x00\x01")
tell("check_msg", c.check_msg)
print("granted", getattr(c, "granted", "missing"))
if hasattr(c, "unsubscribe"):
    tell("unsubscribe", c.unsubscribe, "a")
    tell("unsubscribe", c.unsubscribe, ["b", "c"])
    peer.send(b"\xb0\x02\x00\x04\xb0\x02\x00\x03")
    tell("check_msg", c.check_msg)
    tell("check_msg", c.check_msg)
link(c)
