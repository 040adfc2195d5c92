# The package, if it comes with native code. `cargo xtask mpy` puts _FIRST and _LAST before this: the numbers of
# the architectures that can run it. Every name would stay in memory, so this defines none.
import sys

if (
    sys.implementation._mpy & 0x3FF != 0x306
    or not _FIRST <= sys.implementation._mpy >> 10 & 0x3F <= _LAST
):
    from . import platform
del sys
