"""A callback that takes its time does not find the link dead: the message that it handles has come."""

from robust import *


def slow(*message):
    c.last_cpacket = ticks_add(ticks_ms(), -62000)
    tell("  publish", c.publish, "t", "answer")
    tell("  is_conn_issue", c.is_conn_issue)


c = connected(robust2, keepalive=60)
c.set_callback(slow)
peer.send(b"\x30\x04\x00\x01tx")
tell("check_msg", c.check_msg)
tell("is_conn_issue", c.is_conn_issue)
