# micropython: -X heapsize=4M
"""TLS: without a check, with a CA, with a context; a wrong CA and a wrong name are refused."""

import socket
import tls

from broker import *
from umqtt import simple2

HOST = "broker.local"


class Names:
    """The module `socket`, but the name of the broker is known."""

    def __getattr__(self, name):
        return getattr(socket, name)

    def getaddrinfo(self, server, *more):
        return socket.getaddrinfo("127.0.0.1", *more)


sys.modules["socket"] = sys.modules["usocket"] = Names()


def works(**options):
    c = make(simple2, "c", port=TLS_PORT, **options)
    assert c.connect() == 0
    acknowledged(c, c.subscribe("t", 1))
    message = b"secret" * 10000
    acknowledged(c, c.publish("t", message, qos=1))
    wait(lambda: c.messages, c)
    assert c.messages[0][1] == message
    # Several may come in one record: what TLS has read already is no reason to wait.
    c.messages.clear()
    for number in range(50):
        c.publish("t", b"%d" % number)
    while len(c.messages) < 50:
        c.wait_msg()
    assert [int(message[1]) for message in c.messages] == list(range(50))
    c.disconnect()
    c.disconnect()


def fails(**options):
    c = make(simple2, "c", port=TLS_PORT, **options)
    try:
        c.connect()
    except (OSError, ValueError, simple2.MQTTException):
        assert c.sock is None
        return
    raise AssertionError("connected with %r" % options)


def context(ca, **attributes):
    context = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
    context.verify_mode = tls.CERT_REQUIRED
    context.load_verify_locations(ca)
    return context


ca, other = file("ca.der"), file("other.der")
works(ssl=True)
works(ssl=True, server=HOST)
checked = {"cert_reqs": tls.CERT_REQUIRED, "cadata": ca}
works(ssl=True, server=HOST, ssl_params=checked)
works(ssl=True, ssl_params=dict(checked, server_hostname=HOST))
works(ssl=context(ca), server=HOST)
fails(ssl=True, server="other.local", ssl_params=checked)
fails(ssl=True, server=HOST, ssl_params=dict(checked, cadata=other))
# A CA alone asks for the check.
works(ssl=True, server=HOST, ssl_params={"cadata": ca})
fails(ssl=True, server=HOST, ssl_params={"cadata": other})
fails(ssl=context(other), server=HOST)
fails(ssl=context(ca), server="other.local")
# Nobody speaks TLS there.
c = make(simple2, "c", ssl=True, socket_timeout=1)
failure(c.connect)
assert c.sock is None
print("done")
