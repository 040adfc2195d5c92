"""15. A topic or filter that may not be sent is refused, and no byte goes out."""

from stage import *

c = connected()
for topic in ("", b"", "a/+", "a/#", "#", "+", "a\0b", b"\xff", b"\xed\xa0\x80", "x" * 65536):
    tell("publish %r" % topic[:4], c.publish, topic, "m", qos=1)
for topic in ("", "a/#/b", "a+", "#a", "a/b#", "\0", b"\xc3(", "x" * 65536):
    tell("subscribe %r" % topic[:5], c.subscribe, topic)
for qos in (-1, 3):
    tell("qos %d" % qos, c.publish, "t", "m", qos=qos)
    tell("qos %d" % qos, c.subscribe, "t", qos)
    tell("qos %d" % qos, c.set_last_will, "t", "m", qos=qos)
tell("will", c.set_last_will, "", "m")
tell("publish", c.publish, "/", "", qos=1)
link(c)
