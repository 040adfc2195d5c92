# micropython: -X heapsize=4M
"""TLS with a certificate of the client."""

from broker import *
from umqtt import simple2

certificate = {"cert": file("client.der"), "key": file("client.key.der")}
c = make(simple2, "c", port=TLS_PORT, ssl=True, ssl_params=certificate)
assert c.connect() == 0
acknowledged(c, c.publish("t", "x", qos=1))
c.disconnect()

c = make(simple2, "c", port=TLS_PORT, ssl=True)
failure(c.connect)
assert c.sock is None
print("done")
