"""The main loop polls the socket together with others, and calls check_msg() only when there is something."""

import select

from stage import *

c = connected()
poller = select.poll()
poller.register(c.sock, select.POLLIN)


def turn():
    handled = 0
    while poller.poll(0):
        c.check_msg()
        handled += 1
    return handled


tell("nothing", turn)
peer.send(b"\x30\x04\x00\x01ta\x32\x06\x00\x01t\x00\x07b\xd0\x00\x30\x04\x00\x01tc")
tell("four packets", turn)
tell("publish", c.publish, "t", "x", False, 1)
peer.send(b"\x40\x02\x00\x01")
tell("PUBACK", turn)
tell("nothing", turn)
poller.unregister(c.sock)
peer.answer()
c.connect()
poller.register(c.sock, select.POLLIN | select.POLLHUP)
tell("nothing", turn)
peer.send(b"\x30\x04\x00\x01td")
tell("on a new link", turn)
peer.close()
tell("closed", turn)
print("done")
