"""`ussl.wrap_socket` as firmware had it that the original was written for: nothing is checked unless `cert_reqs` says so.

MicroPython 1.23 and newer have no `ussl`; without this one the original has no TLS at all.
"""

import tls
from tls import CERT_NONE, CERT_OPTIONAL, CERT_REQUIRED


def wrap_socket(
    sock, server_side=False, key=None, cert=None, cert_reqs=CERT_NONE, cadata=None, server_hostname=None, do_handshake=True
):
    context = tls.SSLContext(tls.PROTOCOL_TLS_SERVER if server_side else tls.PROTOCOL_TLS_CLIENT)
    if cert:
        context.load_cert_chain(content(cert), content(key))
    if cadata:
        context.load_verify_locations(content(cadata))
    context.verify_mode = cert_reqs
    return context.wrap_socket(
        sock, server_side=server_side, server_hostname=server_hostname, do_handshake_on_connect=do_handshake
    )


def content(source):
    if isinstance(source, str) and "-----" not in source:
        with open(source, "rb") as f:
            return f.read()
    return source
