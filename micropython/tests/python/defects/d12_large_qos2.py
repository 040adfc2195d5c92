"""A large message of QoS 2 that the broker sends again is handed over once, in parts or as an error."""

from stage import *


def message(pid, dup):
    """PUBLISH of QoS 2 with 600 bytes, in two writes of the peer."""
    peer.send(b"\x3c" if dup else b"\x34")
    peer.send(b"\xdd\x04\x00\x01t\x00" + bytes([pid]))
    peer.fill(b"x", 600)


def on_part(topic, part, offset, total):
    if offset + len(part) == total:
        print("  all of", total, "bytes")


def take():
    # A call may end before all of it has come.
    for _ in range(100):
        try:
            first = c.check_msg()
        except MQTTException as error:
            print("  raised", error.args)
        else:
            if first is not None:
                print("  first byte", first)
        if not c._big and not c.poller_r.poll(50):
            break


from umqtt.simple2 import MQTTException

c = connected()
if hasattr(c, "granted"):
    c.msg_max = 500
    for part in on_part, None:
        c.cb_part = part
        message(5, False)
        take()
        message(5, True)
        take()
        peer.send(b"\x62\x02\x00\x05")
        take()
c.disconnect()
