# micropython: -X heapsize=4M
# mosquitto: require_certificate true
"""A client certificate in an SSLContext."""

from encrypted import *

context = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
context.verify_mode = tls.CERT_NONE
context.load_cert_chain(file("client.der"), file("client.key.der"))
attempt("in the context", context)
print("done")
