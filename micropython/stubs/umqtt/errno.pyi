"""The codes of MQTTException and the statuses of set_callback_status()."""

from typing import Final

EUNKNOWN: Final = -1
"""The broker sent a packet that MQTT does not allow; the connection is closed."""
ECONCLOSE: Final = 1
"""The broker closed the connection."""
EREADLEN: Final = 2
"""`_read()` returned the wrong length."""
EWRITELEN: Final = 3
"""The broker closed the connection before a packet was written, or it was written only in part."""
ESTRTOLONG: Final = 4
"""A message is longer than `msg_max` or than the memory allows: (4, topic, size).

It was skipped; the connection stays.
"""
ESUBACKPID: Final = 5
"""Never raised. In the original: a SUBACK for an unknown pid, which is status 2 here."""
ERESPONSE: Final = 6
"""Never raised."""
EKEEPALIVE: Final = 7
"""No answer to PINGREQ; the connection is closed. robust2: the broker was silent for too long."""
ENOCON: Final = 8
"""There is no connection to read from."""
ECONUNKNOWN: Final = 20
"""CONNACK with a return code that MQTT does not know: (20, code)."""
ECONPROTOCOL: Final = 21
"""The broker does not speak MQTT 3.1.1."""
ECONREJECT: Final = 22
"""The broker does not accept the client id."""
ECONUNAVAIBLE: Final = 23
"""The broker says that it is not available."""
ECONCREDENTIALS: Final = 24
"""Wrong user or password."""
ECONAUTH: Final = 25
"""Not authorized."""
ECONNOT: Final = 28
"""Not connected."""
ECONLENGTH: Final = 29
"""The answer to CONNECT is not a CONNACK."""
ECONTIMEOUT: Final = 30
"""Connecting, TLS, CONNACK or the rest of a packet timed out."""
ESUBACKUNKNOWN: Final = 40
"""A malformed SUBACK; the connection is closed."""
ESUBACKFAIL: Final = 44
"""The broker refused a subscription: (44, pid). The connection stays."""
STIMEOUT: Final = 0
"""Status: no acknowledgement within `message_timeout`."""
SDELIVERED: Final = 1
"""Status: acknowledged."""
SUNKNOWNPID: Final = 2
"""Status: an acknowledgement for a pid that is not awaited (any more)."""
