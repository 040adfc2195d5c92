# micropython: -O3
"""16. Arguments are refused in optimised programs too."""

from stage import *

c = connected()
tell("publish", c.publish, "t", "m", qos=7)
c.set_callback(None)
tell("subscribe", c.subscribe, "t")
tell("will", c.set_last_will, "", "m")
link(c)
