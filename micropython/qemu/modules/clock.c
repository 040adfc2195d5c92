// The clock behind `time`, from a free-running timer of each machine.
//
// `time.ticks_cpu()` counts units of 1024 ns. With QEMU's `-icount shift=10` an instruction takes
// exactly that, so that it counts instructions.

#include "py/mphal.h"

// Divides by a power of two, to the nearest: a timer has not quite reached its tick yet.
#define DIVIDED(number, power) (((number) + (1 << (power) >> 1)) >> (power))

#define REGISTER(address) (*(volatile uint32_t *)(address))

#if defined(QEMU_SOC_MPS2)

// 25 MHz, counting down.
#define TICKS_PER_US (25)
#define UNITS(ticks) DIVIDED((ticks) * 5, 7)

static uint32_t timer(void) {
    enum { CONTROL = 0x40000000, VALUE = 0x40000004, RELOAD = 0x40000008 };
    if (REGISTER(CONTROL) == 0) {
        REGISTER(RELOAD) = 0xffffffff;
        REGISTER(VALUE) = 0xffffffff;
        REGISTER(CONTROL) = 1;
    }
    return ~REGISTER(VALUE);
}

#elif defined(QEMU_SOC_NRF51)

#define TICKS_PER_US (16)
#define UNITS(ticks) DIVIDED((ticks) * 125, 11)

static uint32_t timer(void) {
    enum {
        START = 0x40008000,
        CAPTURE = 0x40008040,
        BIT_MODE = 0x40008508,
        PRESCALER = 0x40008510,
        CAPTURED = 0x40008540,
    };
    enum { BITS_32 = 3 };
    if (REGISTER(BIT_MODE) != BITS_32) {
        REGISTER(BIT_MODE) = BITS_32;
        REGISTER(PRESCALER) = 0;
        REGISTER(START) = 1;
    }
    REGISTER(CAPTURE) = 1;
    return REGISTER(CAPTURED);
}

#elif defined(QEMU_SOC_VIRT)

#define TICKS_PER_US (10)
#define UNITS(ticks) DIVIDED((ticks) * 25, 8)

static uint32_t timer(void) {
    enum { MTIME = 0x0200bff8 };
    return REGISTER(MTIME);
}

#elif defined(__XTENSA__)

#define TICKS_PER_US (40)
#define UNITS(ticks) DIVIDED((ticks) * 25, 10)

static uint32_t timer(void) {
    uint32_t cycles;
    __asm__ volatile ("rsr %0, ccount" : "=r" (cycles));
    return cycles;
}

#else
#error "this machine has no clock here"
#endif

// Ticks since the first call; right if there is a call in each turn of the timer's 32 bits.
static uint64_t elapsed(void) {
    static uint64_t total;
    static uint32_t last;
    uint32_t now = timer();
    total += (uint32_t)(now - last);
    last = now;
    return total;
}

// Divides by less than 2^16, in digits of 16 bits: the compilers' own division of 64 bits does not link.
static uint32_t divide(uint64_t number, uint32_t divisor) {
    uint32_t quotient = 0;
    uint32_t rest = 0;
    for (int shift = 48; shift >= 0; shift -= 16) {
        uint32_t part = rest << 16 | (number >> shift & 0xffff);
        quotient = quotient << 16 | part / divisor;
        rest = part % divisor;
    }
    return quotient;
}

mp_uint_t mp_hal_ticks_cpu(void) {
    return UNITS(elapsed());
}

mp_uint_t mp_hal_ticks_us(void) {
    return divide(elapsed(), TICKS_PER_US);
}

mp_uint_t mp_hal_ticks_ms(void) {
    return divide(elapsed(), 1000 * TICKS_PER_US);
}

static void delay(uint64_t ticks) {
    uint64_t end = elapsed() + ticks;
    while (elapsed() < end) {
    }
}

void mp_hal_delay_us(mp_uint_t us) {
    delay((uint64_t)us * TICKS_PER_US);
}

void mp_hal_delay_ms(mp_uint_t ms) {
    delay((uint64_t)ms * 1000 * TICKS_PER_US);
}
