"""Arguments and settings that the original takes, and those that it does not."""

from stage import *
from umqtt import simple2


def outcome(what, call):
    """What comes of it; an exception by its type alone."""
    try:
        print(what, "->", call())
    except Exception as error:
        print(what, "raised", type(error).__name__)


for keepalive in None, 0, 1, 60:
    peer.answer()
    c = make(keepalive=keepalive)
    outcome("keepalive", c.connect)
    peer.send(b"\xd0\x00")
    outcome("check_msg", c.check_msg)
    outcome("check_msg", c.check_msg)
    c.disconnect()
for client_id in None, 7:
    # Nobody listens there: it does not come to that.
    c = simple2.MQTTClient(client_id, "127.0.0.1", 1)
    outcome("client_id", c.connect)
c = connected()
outcome("x", lambda: c.check_msg(x=1))
outcome("x", lambda: c.check_msg(1))
outcome("x", lambda: c.wait_msg(x=1))
outcome("x", lambda: c.ping(x=1))
outcome("x", lambda: c.publish("t"))
outcome("x", lambda: c.publish("t", "m", x=1))
outcome("x", lambda: c.publish("t", "m", False, 0, False, msg="n"))
c.sock.settimeout(0.05)
outcome("idle", c.check_msg)
outcome("idle", c.check_msg)
peer.send(b"\x30\x04\x00\x01tx")
outcome("message", c.check_msg)
outcome("idle", c.check_msg)
peer.close()
outcome("closed", c.check_msg)
c.sock.close()
for name in "publish", "check_msg", "connect", "subscribe", "wait_msg", "_read", "_write", "set_callback":
    print(getattr(c, name).__name__, getattr(simple2.MQTTClient, name).__name__)
