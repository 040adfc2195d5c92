"""`while is_conn_issue(): reconnect()`, as the original's README has it, and resubscribe() after it."""

from stage import *
from umqtt import robust2

c = connected(robust2)
c.subscribe("t", 1)


def acknowledge():
    """The broker answers all that it got."""
    for first, entries in (b"\x40\x02", c.msg_to_confirm), (b"\x90\x03", c.sub_to_confirm):
        for pids in list(entries.values()):
            for pid in list(pids):
                peer.send(first + pid.to_bytes(2, "big") + b"\x01"[: first[0] >> 7])
                tell("check_msg", c.check_msg)


acknowledge()
for number in range(3):
    peer.close()
    tell("check_msg", c.check_msg)
    c.sock.close()
    tell("publish", c.publish, "t", str(number), False, 1)
    peer.answer()
    c.newpid = robust2.simple2.pid_gen(10 * number)
    tries = 0
    while c.is_conn_issue():
        c.reconnect()
        tries += 1
    else:
        c.resubscribe()
    print("tries", tries, c.msg_to_send, c.sub_to_send, c.things_to_do())
    c.check_msg()
    c.send_queue()
    acknowledge()
    print(c.things_to_do(), c.conn_issue)
print("done")
