"""What connect() raises if no broker listens, for programs that distinguish errors."""

from stage import *
from umqtt import simple2

c = make(simple2, port=1)
try:
    c.connect()
except OSError as error:
    print("OSError", error.errno)
except simple2.MQTTException as error:
    print("MQTTException")
print("done")
