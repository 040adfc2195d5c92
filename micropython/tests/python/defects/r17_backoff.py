"""robust2: reconnect() does not hammer a broker that is not there, and is quick when it is back."""

from stage import *
from umqtt import robust2


class Counting(robust2.MQTTClient):
    attempts = 0

    def connect(self, *arguments):
        self.attempts += 1
        return super().connect(*arguments)


c = Counting("c", "127.0.0.1", PORT, socket_timeout=0.2)
peer.refuse()
start = ticks_ms()
while ticks_diff(ticks_ms(), start) < 400:
    c.reconnect()
print("few", 1 <= c.attempts <= 6)
print("issue", c.conn_issue[1], "sock", "None" if c.sock is None else "set")
