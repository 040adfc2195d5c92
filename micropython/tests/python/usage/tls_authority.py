# micropython: -X heapsize=4M
"""`cadata` with `cert_reqs`: in DER and PEM, the right one and the wrong one; `server_hostname`."""

from encrypted import *

for what, authority in ("DER", file("ca.der")), ("PEM", file("ca.pem")), ("PEM as text", file("ca.pem").decode()):
    attempt(what, cadata=authority, cert_reqs=tls.CERT_REQUIRED, server_hostname=HOST)
attempt("wrong CA", cadata=file("other.der"), cert_reqs=tls.CERT_REQUIRED, server_hostname=HOST)
attempt("wrong name", cadata=file("ca.der"), cert_reqs=tls.CERT_REQUIRED, server_hostname="other.local")
attempt("no CA", cert_reqs=tls.CERT_REQUIRED, server_hostname=HOST)
attempt("optional", cadata=file("ca.der"), cert_reqs=tls.CERT_OPTIONAL, server_hostname=HOST)
print("done")
