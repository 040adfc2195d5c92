"""The loop that the original's users know; the broker goes away and comes back under it."""

import sys

from umqtt.robust2 import MQTTClient

COUNT = 60
# So far it goes before the link is lost for the first time, the second and so on, however slow the broker is.
UNTIL = (8, 16, 23, 31)

c = MQTTClient("looping", "127.0.0.1", port=int(sys.argv[1]), socket_timeout=1, message_timeout=2)
c.MSG_QUEUE_MAX = COUNT
c.set_callback(lambda *message: None)
issues = reconnects = 0

if not c.connect(False):
    c.subscribe("echo", 1)

number = 0
while number < COUNT or c.things_to_do():
    if c.is_conn_issue():
        issues += 1
        while c.is_conn_issue():
            c.reconnect()
            reconnects += 1
        else:
            c.resubscribe()
    until = UNTIL[issues] if issues < len(UNTIL) else COUNT
    if number < until and len(c.msg_to_confirm) < 5:
        number += 1
        c.publish("numbers", str(number), False, 1)
    c.check_msg()
    c.send_queue()

print("issues", issues >= 4, "turns", 6 < reconnects < 60)
c.disconnect()
