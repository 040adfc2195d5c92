"""20. A PINGREQ that is not answered is reported."""

from stage import *

c = connected(keepalive=1)
c.socket_timeout = 0.2
start = ticks_ms()
try:
    while ticks_diff(ticks_ms(), start) < 3000:
        c.check_msg()
    print("nothing")
except Exception as error:
    print(name_of(error))
