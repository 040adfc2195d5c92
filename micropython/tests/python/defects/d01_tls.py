"""1. TLS works, and the server gets the name by SNI."""

from stage import *
from umqtt import simple2

c = make(server="localhost", ssl=True)
peer.answer_close()
try:
    c.connect()
except (OSError, simple2.MQTTException):
    print("the handshake failed")
except Exception as error:
    print("connect raised", name_of(error))
hello = peer.wire()
print("hello", hello[:1] == b"\x16", "- server name", b"localhost" in hello)
peer.forget()
link(c)
