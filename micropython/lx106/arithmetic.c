// Division and long multiplication, which a real ESP8266 has in ROM, so that the compiler's own library
// leaves them out.

#include <stdint.h>

// Bit by bit, as in school.
static uint32_t divide(uint32_t dividend, uint32_t divisor, uint32_t *remainder) {
    uint32_t quotient = 0;
    uint32_t rest = 0;
    for (int bit = 31; bit >= 0; bit--) {
        rest = rest << 1 | (dividend >> bit & 1);
        if (rest >= divisor) {
            rest -= divisor;
            quotient |= 1u << bit;
        }
    }
    *remainder = rest;
    return quotient;
}

static uint32_t magnitude(int32_t number) {
    return number < 0 ? -(uint32_t)number : (uint32_t)number;
}

uint32_t __udivsi3(uint32_t dividend, uint32_t divisor) {
    uint32_t remainder;
    return divide(dividend, divisor, &remainder);
}

uint32_t __umodsi3(uint32_t dividend, uint32_t divisor) {
    uint32_t remainder;
    divide(dividend, divisor, &remainder);
    return remainder;
}

int32_t __divsi3(int32_t dividend, int32_t divisor) {
    uint32_t quotient = __udivsi3(magnitude(dividend), magnitude(divisor));
    return (dividend < 0) != (divisor < 0) ? -quotient : quotient;
}

int32_t __modsi3(int32_t dividend, int32_t divisor) {
    uint32_t remainder = __umodsi3(magnitude(dividend), magnitude(divisor));
    return dividend < 0 ? -remainder : remainder;
}

uint64_t __muldi3(uint64_t first, uint64_t second) {
    uint64_t product = 0;
    for (; second != 0; second >>= 1, first <<= 1) {
        product += second & 1 ? first : 0;
    }
    return product;
}
