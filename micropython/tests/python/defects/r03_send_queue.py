"""robust2: what send_queue sent before it failed is not in the queue any more."""

from stage import *
from umqtt import robust2


class Failing:
    """The client's socket, reset in the middle of the second message."""

    def __init__(self, sock):
        self._sock = sock

    def __getattr__(self, name):
        return getattr(self._sock, name)

    def write(self, data, *length):
        if b"second" in (data.encode() if isinstance(data, str) else bytes(data)):
            raise OSError(104)
        return self._sock.write(data, *length)


c = make(robust2)
for message in ("first", "second", "third"):
    tell("publish", c.publish, "t", message, False, 1)
peer.answer()
tell("connect", c.connect, False)
c.sock = Failing(c.sock)
tell("send_queue", c.send_queue)
print("to send", c.msg_to_send)
print("to confirm", [message[1] for message in c.msg_to_confirm])
print("issue", name_of(c.conn_issue[0]), c.conn_issue[1])
peer.forget()
