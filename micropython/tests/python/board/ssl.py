"""The module `ssl` of boards: a layer over `tls` that checks no certificate unless it is told to."""

import tls
from tls import *


class SSLContext:
    def __init__(self, protocol):
        self._tls = tls.SSLContext(protocol)
        self.verify_mode = tls.CERT_NONE

    def load_verify_locations(self, cafile=None, cadata=None):
        if cafile:
            with open(cafile, "rb") as file:
                cadata = file.read()
        self._tls.load_verify_locations(cadata)

    def load_cert_chain(self, certfile, keyfile):
        self._tls.load_cert_chain(certfile, keyfile)

    def wrap_socket(self, *args, **kwargs):
        # A property of MicroPython's own class is all that a subclass could not set.
        self._tls.verify_mode = self.verify_mode
        return self._tls.wrap_socket(*args, **kwargs)
