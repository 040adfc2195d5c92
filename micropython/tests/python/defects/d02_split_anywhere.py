"""2. A time-out at any byte of any packet loses nothing."""

from stage import *


def puback(publish, subscribe):
    return b"\x40\x02" + publish.to_bytes(2, "big")


def suback(publish, subscribe):
    return b"\x90\x03" + subscribe.to_bytes(2, "big") + b"\x01"


def outcome(call):
    try:
        return call()
    except Exception as error:
        return name_of(error)


def attempt(make_packet, cut):
    """What the client does when the packet comes in two pieces; True when it was too short to cut there."""
    told = []
    c.set_callback(lambda *message: told.append(message))
    c.set_callback_status(lambda pid, status: told.append((pids.index(pid), status)))
    pids = [c.publish("t", "", qos=1), c.subscribe("t", 1)]
    packet = make_packet(*pids)
    if cut >= len(packet):
        return None
    peer.send(packet[:cut])
    first = outcome(c.check_msg)
    peer.send(packet[cut:])
    return first, outcome(c.check_msg), told


c = connected(message_timeout=60)
c.socket_timeout = 0.01
for name, make_packet in (
    ("message", lambda *_: b"\x32\x09\x00\x03a/b\x00\x07xy"),
    ("long message", lambda *_: b"\x30\x81\x01\x00\x01t" + b"x" * 126),
    ("PUBACK", puback),
    ("SUBACK", suback),
    ("PINGRESP", lambda *_: b"\xd0\x00"),
):
    outcomes = [attempt(make_packet, cut) for cut in range(1, 20)]
    if all(outcome in (None, outcomes[0]) for outcome in outcomes):
        print(name, "-", *outcomes[0])
    else:
        print(name, "- not the same at each cut")
        break
peer.forget()
