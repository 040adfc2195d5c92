"""19. After a connect that failed, all is closed."""

from stage import *

for answer in (
    b"\x20\x02\x00\x05",
    b"\x20\x02\x00\x01",
    b"\x20\x02\x00\x06",
    b"\x20\x03\x00\x00\x00",
    b"\xd0\x00\xd0\x00",
    b"\x20\x02",
    b"",
):
    peer.answer(answer)
    c = make(socket_timeout=0.5)
    print(answer)
    tell("connect", c.connect)
    link(c)
peer.answer_close()
c = make()
tell("connect", c.connect)
link(c)
