"""Sockets of a network where every host is the broker of the test."""

import os

import usocket
from usocket import *


def getaddrinfo(host, port, *rest):
    port = os.getenv("TLS_PORT" if port == 8883 else "PORT")
    return usocket.getaddrinfo("127.0.0.1", int(port), *rest)
