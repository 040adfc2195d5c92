"""What the programs for robust2 share, besides the stage."""

from stage import *
from umqtt import robust2

CONNACK_RESUMED = b"\x20\x02\x01\x00"


def puback(pid):
    return b"\x40\x02" + pid.to_bytes(2, "big")


def suback(pid, code):
    return b"\x90\x03" + pid.to_bytes(2, "big") + bytes([code])


def issue(c):
    """Prints the connection's issue: the exception and the place."""
    if c.conn_issue is None:
        print("no issue")
    else:
        print("issue", name_of(c.conn_issue[0]), "place", c.conn_issue[1])


def lists(c):
    """Prints what is queued and what is unacknowledged."""
    print("  to send", c.msg_to_send, c.sub_to_send)
    print("  to confirm", sorted(c.msg_to_confirm.items()), sorted(c.sub_to_confirm.items()))


def late(c):
    """All that the client waits for times out."""
    expire(c)
    tell("check_msg", c.check_msg)


def back(c, connack=CONNACK):
    """The client reconnects."""
    peer.answer(connack)
    tell("reconnect", c.reconnect)
