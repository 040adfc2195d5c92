// MicroPython's module `time`, which its port to QEMU leaves out.
#include "py/mpconfig.h"
#undef MICROPY_PY_TIME
#define MICROPY_PY_TIME (1)
#include "extmod/modtime.c"
