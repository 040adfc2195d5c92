"""A link that the broker has closed or broken is noticed before a packet is written."""

from stage import *
from umqtt import robust2

for end in peer.close, peer.reset:
    for name, call in (
        ("publish", lambda: c.publish("t", "x")),
        ("publish 1", lambda: c.publish("t", "x", False, 1)),
        ("large", lambda: c.publish("t", bytes(2000))),
        ("subscribe", lambda: c.subscribe("t")),
        ("ping", lambda: c.ping()),
    ):
        c = connected()
        end()
        tell(name, call)
        print("sock", "None" if c.sock is None else "set", "pending", list(c.rcv_pids))
        if c.sock:
            c.sock.close()
        peer.forget()

# What waits to be read is not lost, and a program that polls the socket still finds it.
c = connected()
peer.send(b"\x32\x06\x00\x01t\x00\x05x\xd0\x00")
tell("publish", c.publish, "t", "x")
print("readable", bool(c.poller_r.poll(0)))
tell("check_msg", c.check_msg)
tell("publish", c.publish, "t", "x")
print("readable", bool(c.poller_r.poll(0)))
tell("check_msg", c.check_msg)
tell("check_msg", c.check_msg)
peer.wire(16)
c.disconnect()

c = connected(robust2)
peer.close()
for number in range(3):
    c.publish("t", "%d" % number)
print("queued", [data[1] for data in c.msg_to_send], "issue", c.is_conn_issue())
peer.answer(b"\x20\x02\x01\x00")
c.reconnect()
print(c.send_queue(), c.msg_to_send)
