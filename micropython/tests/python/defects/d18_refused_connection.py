"""18. A refused connection is told as such."""

from stage import *

peer.refuse()
c = make()
tell("connect", c.connect)
print("sock", "None" if c.sock is None else "set")
