"""The codes of MQTTException and the statuses of set_callback_status()."""

from typing import Final

EUNKNOWN: Final = -1
"""A packet that MQTT does not allow; the connection is closed."""
ECONCLOSE: Final = 1
"""The broker closed the connection."""
EREADLEN: Final = 2
"""`_read()` gave another length than it was asked for."""
EWRITELEN: Final = 3
"""A packet could not be written whole in time; the connection is closed."""
ESTRTOLONG: Final = 4
"""A message is longer than `msg_max` or the memory: (4, topic, size).

It was skipped; the connection stays.
"""
ESUBACKPID: Final = 5
"""Of the original alone: a SUBACK for an unknown pid. Here it is status 2."""
ERESPONSE: Final = 6
"""Never raised."""
EKEEPALIVE: Final = 7
"""No answer to PINGREQ; the connection is closed. In robust2: the link was silent for too long."""
ENOCON: Final = 8
"""No connection, when it should be read."""
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
"""The answer to CONNECT is no CONNACK."""
ECONTIMEOUT: Final = 30
"""Time-out: of connecting, of TLS, of CONNACK, or of the rest of a packet."""
ESUBACKUNKNOWN: Final = 40
"""A SUBACK of a form that MQTT does not know; the connection is closed."""
ESUBACKFAIL: Final = 44
"""The broker refused a subscription: (44, pid). The connection stays."""
STIMEOUT: Final = 0
"""Status: no acknowledgement within `message_timeout`."""
SDELIVERED: Final = 1
"""Status: acknowledged."""
SUNKNOWNPID: Final = 2
"""Status: an acknowledgement for a pid that nobody waits for (any more)."""
