"""A message of QoS 2 whose PUBREC came is not sent again: PUBREL is. And a status 0 does not change that."""

from robust import *


def released(pid, late_too=False):
    """A message has got its PUBREC; PUBCOMP is missing."""
    c.publish("t", "x", False, 2)
    peer.send(b"\x50\x02\x00" + bytes([pid]))
    c.check_msg()
    if late_too:
        late(c)


if hasattr(robust2, "pop"):
    c = connected(robust2)
    released(1)
    peer.close()
    c.wait_msg()
    issue(c)
    back(c, CONNACK_RESUMED)
    c.send_queue()
    lists(c)
    peer.send(b"\x70\x02\x00\x01")
    c.check_msg()
    lists(c)

    print("late")
    released(2, True)
    lists(c)
    peer.send(b"\x70\x02\x00\x02")
    c.check_msg()
    lists(c)

    print("another session")
    released(3)
    peer.close()
    c.wait_msg()
    back(c)
    lists(c)
    c.send_queue()
    c.disconnect()
