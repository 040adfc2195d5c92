# micropython: -X heapsize=4M
"""`cadata` without `cert_reqs`, and without `server_hostname`."""

from encrypted import *

attempt("right CA and name", cadata=file("ca.der"), server_hostname=HOST)
attempt("right CA, no name", cadata=file("ca.der"))
attempt("right CA, no name, checked", cadata=file("ca.der"), cert_reqs=tls.CERT_REQUIRED)
attempt("right CA, wrong name", cadata=file("ca.der"), server_hostname="other.local")
attempt("wrong CA", cadata=file("other.der"), server_hostname=HOST)
print("done")
