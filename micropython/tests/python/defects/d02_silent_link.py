"""2. Half a packet comes, then nothing: time-outs are reported, PINGREQ is sent, and the link is given up."""

from clock import *
from stage import *

packet = b"\x30\x0b\x00\x01tmessages"


def on_part(*part):
    print("  part", *part)


for timeout in 0.5, 1, 5, None:
    for name, attributes in ("small", {}), ("large", {"msg_max": 4, "cb_part": on_part}):
        clock.set(0)
        c = connected(socket_timeout=timeout, message_timeout=1, keepalive=4)
        for key, value in attributes.items():
            setattr(c, key, value)
        c.publish("t", "x", False, 1)
        peer.send(packet[:6])
        c.poller_r = Waiting(c, [], 300)
        errors = []
        while clock.now < 20000 and c.sock:
            try:
                c.check_msg()
            except Exception as error:
                if error.args[0] != 30:
                    errors.append(name_of(error))
                    break
            except SystemExit as error:
                errors.append(name_of(error))
                break
        print(timeout, name, errors, "after less than 8 s", clock.now < 8000)
        print("  PINGREQs", peer.wire().count(b"\xc0\x00"))
        if c.sock:
            c.sock.close()
        peer.forget()
