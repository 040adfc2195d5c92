"""20. A keep-alive that the packet cannot hold is refused before anything is sent."""

from stage import *


def attempt(keepalive):
    peer.answer()
    c = make(keepalive=keepalive)
    c.connect()


tell("65536", attempt, 65536)
print("connections", peer.connections())
tell("65535", attempt, 65535)
print("connections", peer.connections())
