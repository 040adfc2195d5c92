"""A write in a callback of wait_msg() has a time-out."""

from stage import *


class Poller:
    """The link never takes anything."""

    def poll(self, time=-1):
        print("  waits for", time)
        return []


class Full:
    def __init__(self, sock):
        self.sock = sock

    def write(self, *args):
        return None

    def __getattr__(self, name):
        return getattr(self.sock, name)


def on_message(topic, msg, *_):
    sock, poller = c.sock, c.poller_w
    c.sock, c.poller_w = Full(sock), Poller()
    tell("publish", c.publish, "t", "x")
    c.sock, c.poller_w = sock, poller


c = connected()
c.set_callback(on_message)
peer.send(b"\x30\x04\x00\x01tx")
tell("wait_msg", c.wait_msg)
print("socket_timeout", c.socket_timeout)
