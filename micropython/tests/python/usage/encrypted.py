"""What the programs of this folder share that use TLS."""

import tls

# Here once, as in a firmware, and not by the first thread that needs it.
import ussl

from mosquitto import *

HOST = "broker.local"


def attempt(what, ssl=True, **params):
    """Whether a client connects with these `ssl_params`, and then a message comes back."""
    heard = []
    c = MQTTClient("c", "127.0.0.1", TLS_PORT, ssl=ssl, ssl_params=params)
    c.set_callback(lambda topic, msg, retained, dup: heard.append(msg))
    try:
        c.connect()
        c.subscribe("t")
        c.publish("t", "secret" * 100)
        until(lambda: heard, c.check_msg)
    except (OSError, ValueError, MQTTException):
        print(what, "- refused")
        return
    print(what, "- connected", heard == [b"secret" * 100])
    c.disconnect()
