"""robust2: the device sleeps when nothing is left to do."""

from mosquitto import *
from umqtt import robust2

other = listener("number")
for number in range(3):
    c = robust2.MQTTClient("device", "127.0.0.1", PORT)
    c.set_callback(print)
    c.connect(False)
    c.publish("number", str(number), qos=1)
    until(lambda: not c.things_to_do(), lambda: (c.is_conn_issue() and c.reconnect(), c.send_queue(), c.check_msg()))
    c.disconnect()
    print(c.things_to_do(), c.conn_issue)
until(lambda: len(other.heard) == 3, other.check_msg)
print(other.heard)
print("done")
