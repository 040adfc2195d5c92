# This is imported where the native code cannot run, and says why. `cargo xtask mpy` puts _NAME before this.
import sys

_NAMES = "no native code,x86,x64,armv6,armv6m,armv7m,armv7em,armv7emsp,armv7emdp,xtensa,xtensawin,rv32imc"
here = _NAMES.split(",")
number = sys.implementation._mpy >> 10 & 0x3F
here = here[number] if number < len(here) else number
raise ImportError(
    "these files of umqtt are for %s and MicroPython 1.23 or newer; this is %s, MicroPython %d.%d"
    % ((_NAME, here) + sys.implementation.version[:2])
)
