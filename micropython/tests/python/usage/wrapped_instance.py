"""Methods of one client are wrapped by closures, and another client stays as it is."""

from stage import *
from umqtt import robust2, simple2


def wrap(client, name):
    own = getattr(client, name)

    def method(*args, **kwargs):
        print(name, args, kwargs)
        return own(*args, **kwargs)

    setattr(client, name, method)


for module in simple2, robust2:
    c = connected(module)
    for name in "publish", "check_msg", "subscribe", "ping", "disconnect":
        wrap(c, name)
    tell("publish", c.publish, "t", "x", qos=1)
    tell("subscribe", c.subscribe, "t")
    peer.send(b"\x40\x02\x00\x01\x90\x03\x00\x02\x00")
    tell("check_msg", c.check_msg)
    tell("check_msg", c.check_msg)
    tell("wait_msg", peer.send(b"\xd0\x00") or c.wait_msg)
    other = connected(module)
    tell("publish", other.publish, "t", "other")
    tell("disconnect", other.disconnect)
    tell("ping", c.ping)
    tell("disconnect", c.disconnect)
print("done")
