"""TLS for umqtt.simple2."""

import tls


def wrap(self, sock):
    """Wraps a connected socket in TLS; the handshake is made when the first packet is written."""
    context = self.ssl
    options = dict(self.ssl_params)
    name = options.pop("server_hostname", self.server)
    if not hasattr(context, "wrap_socket"):
        context = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
        authority = options.pop("cadata", None) or options.pop("ca_certs", None)
        context.verify_mode = options.pop("cert_reqs", tls.CERT_REQUIRED if authority else tls.CERT_NONE)
        if authority:
            context.load_verify_locations(_data(authority))
        certificate = options.pop("cert", None) or options.pop("certfile", None)
        key = options.pop("key", None) or options.pop("keyfile", None)
        if certificate:
            context.load_cert_chain(_data(certificate), _data(key))
        options.pop("do_handshake", None)
    return context.wrap_socket(sock, server_hostname=name, do_handshake_on_connect=False, **options)


def _data(source):
    """Returns bytes as they are, PEM text as bytes, or the content of the file with this name."""
    if isinstance(source, str):
        if "-----" in source:
            return source.encode() + b"\0"
        with open(source, "rb") as file:
            return file.read()
    return source
