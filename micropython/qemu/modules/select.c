// MicroPython's module `select`, which its port to QEMU leaves out.
#include "py/mpconfig.h"
#undef MICROPY_PY_SELECT
#define MICROPY_PY_SELECT (1)
#include "extmod/modselect.c"
