# micropython: -X heapsize=4M
"""`ssl=True` without a check, as most programs have it."""

from encrypted import *

attempt("nothing")
attempt("a name", server_hostname=HOST)
attempt("another name", server_hostname="other.local")
attempt("no check", cert_reqs=tls.CERT_NONE)
attempt("no check, and the wrong CA", cert_reqs=tls.CERT_NONE, cadata=file("other.der"))
c = MQTTClient("c", "127.0.0.1", port=TLS_PORT, ssl=True, ssl_params=None)
print(c.port == TLS_PORT, c.ssl, c.ssl_params, MQTTClient("c", "127.0.0.1", ssl=True).port)
print("done")
