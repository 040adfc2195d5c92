# micropython: -X heapsize=4M
"""`ssl=SSLContext`, as newer programs have it."""

from encrypted import *


def context(authority=None, mode=tls.CERT_NONE):
    made = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
    made.verify_mode = mode
    if authority:
        made.load_verify_locations(file(authority))
    return made


attempt("no check", context())
attempt("no check, name", context(), server_hostname=HOST)
attempt("right CA and name", context("ca.der", tls.CERT_REQUIRED), server_hostname=HOST)
attempt("wrong CA", context("other.der", tls.CERT_REQUIRED), server_hostname=HOST)
attempt("wrong name", context("ca.der", tls.CERT_REQUIRED), server_hostname="other.local")
print("done")
