"""A message that takes longer than socket_timeout arrives, as long as some of it comes within that."""

from clock import *
from stage import *
from umqtt import robust2


def until_told(c):
    for _ in range(1000):
        c.check_msg()
        if told:
            break


told = []
data = bytes(at % 251 for at in range(3000))
packet = b"\x30\xbb\x17\x00\x01t" + data


class Reading(robust2.MQTTClient):
    """A program that looks at what is read."""

    def _read(self, n):
        return super()._read(n)


class Wrapped:
    MQTTClient = Reading


for name, module, issue in (
    ("simple2", None, None),
    ("robust2", robust2, "conn_issue"),
    ("with _read", Wrapped, "conn_issue"),
):
    for start in 0, PERIOD // 2 + 7:
        clock.set(start)
        c = connected(module, socket_timeout=1, keepalive=30)
        told.clear()
        c.set_callback(lambda topic, msg, *_: told.append(msg))
        c.poller_r = Waiting(c, in_parts(packet, 50), 400)
        until_told(c)
        print(name, "arrived", told == [data])
        if issue:
            print("conn_issue", c.conn_issue, "is_conn_issue", c.is_conn_issue())
        peer.forget()
