"""18. A refused connection is reported as such."""

from stage import *

peer.refuse()
c = make()
try:
    c.connect()
except OSError as error:
    print("connect raised", name_of(error))
except Exception as error:
    # The original's code depends on what the kernel tells first.
    print("connect raised 1 or 3:", error.args[0] in (1, 3))
print("sock", "None" if c.sock is None else "set")
