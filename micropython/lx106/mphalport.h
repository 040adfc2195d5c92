#include <stddef.h>

static inline void mp_hal_set_interrupt_char(int character) {
    (void)character;
}
