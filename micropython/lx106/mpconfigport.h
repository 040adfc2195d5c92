// What MicroPython is on this machine: as much as on a real ESP8266, without its hardware.
#include <alloca.h>
#include <stdint.h>

#define MICROPY_CONFIG_ROM_LEVEL        (MICROPY_CONFIG_ROM_LEVEL_EXTRA_FEATURES)
#define MICROPY_ENABLE_COMPILER         (1)
#define MICROPY_ENABLE_EXTERNAL_IMPORT  (1)
#define MICROPY_ENABLE_GC               (1)
#define MICROPY_ERROR_REPORTING         (MICROPY_ERROR_REPORTING_NORMAL)
// A real one has its arithmetic of floats in ROM.
#define MICROPY_FLOAT_IMPL              (MICROPY_FLOAT_IMPL_NONE)
#define MICROPY_LONGINT_IMPL            (MICROPY_LONGINT_IMPL_MPZ)

// Modules of native code for Xtensa can be imported.
#define MICROPY_EMIT_XTENSA             (1)
#define MICROPY_EMIT_INLINE_XTENSA      (1)
#define MICROPY_PERSISTENT_CODE_LOAD    (1)

// Files are those of the computer, by open(), read() and close() of semihosting.c.
#define MICROPY_READER_POSIX            (1)
#define MICROPY_VFS                     (0)

// There is no keyboard, no network and no interrupt.
#define MICROPY_ENABLE_SCHEDULER        (0)
#define MICROPY_KBD_EXCEPTION           (0)
#define MICROPY_PY_ASYNCIO              (0)
#define MICROPY_PY_BUILTINS_INPUT       (0)
#define MICROPY_PY_MACHINE              (0)
#define MICROPY_PY_SYS_STDFILES         (0)
#define MICROPY_PY_TIME                 (1)

#define MICROPY_HW_BOARD_NAME           "QEMU"
#define MICROPY_HW_MCU_NAME             "lx106"
#define MICROPY_PY_SYS_PLATFORM         "qemu"
#define MP_STATE_PORT                   MP_STATE_VM

#define MP_SSIZE_MAX                    (PTRDIFF_MAX)

typedef intptr_t mp_int_t;
typedef uintptr_t mp_uint_t;
typedef long mp_off_t;
