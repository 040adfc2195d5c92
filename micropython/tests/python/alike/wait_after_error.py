"""After a callback that raised, and in a callback, wait_msg() waits for the next packet."""

from stage import *

message = b"\x30\x04\x00\x01tx"
answer = b"\x30\x09\x00\x06answery"


class Poller:
    """Notes how long it is asked to wait, and has the packet come then."""

    def __init__(self, poller):
        self.poller = poller

    def poll(self, time=-1):
        if time < 0:
            print("  waits")
            peer.send(answer)
        return self.poller.poll(time)

    ipoll = poll

    def __getattr__(self, name):
        return getattr(self.poller, name)


def on_error(topic, msg, *_):
    print("  message", topic)
    if topic == b"t":
        raise ValueError


def on_wait(topic, msg, *_):
    print("  message", topic)
    if topic == b"t":
        c.wait_msg()


c = connected()
c.set_callback(on_error)
peer.send(message)
tell("check_msg", c.check_msg)
tell("check_msg", c.check_msg)
c.poller_r = Poller(c.poller_r)
tell("wait_msg", c.wait_msg)
c.set_callback(on_wait)
peer.send(message)
tell("check_msg", c.check_msg)
peer.send(message)
tell("wait_msg", c.wait_msg)
c.disconnect()
