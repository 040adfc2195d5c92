"""19. A connect is bounded, with TLS as well, by what it was told."""

from stage import *

c = make(socket_timeout=20)
print("bounded", milliseconds(c.connect, True, 0.2) < 1000)
link(c)
c = make(socket_timeout=20, ssl=True)
print("bounded", milliseconds(c.connect, True, 0.2) < 1000)
link(c)
peer.forget()
c = make(socket_timeout=0.2, ssl=True)
print("bounded", milliseconds(c.connect) < 1000)
link(c)
peer.forget()
