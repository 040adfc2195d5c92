"""What a program does for a new session does not hide that there was no connection."""

from robust import *

c = make(robust2)
peer.answer(b"\x20\x02\x00\x05")
if not tell("connect", c.connect, False):
    tell("subscribe", c.subscribe, "t")
issue(c)
tell("publish", c.publish, "t", "x", False, 1)
issue(c)
tell("check_msg", c.check_msg)
issue(c)
lists(c)
back(c)
issue(c)
