// QEMU's system calls for Xtensa: the number in a2, the arguments from a3; the result in a2, errno in a3.

#include "semihosting.h"

enum { EXIT = 1, READ = 3, WRITE = 4, OPEN = 5, CLOSE = 6 };

static int error;

int *error_of_call(void) {
    return &error;
}

static int call(int number, int first, int second, int third) {
    register int a2 __asm__("a2") = number;
    register int a3 __asm__("a3") = first;
    register int a4 __asm__("a4") = second;
    register int a5 __asm__("a5") = third;
    // The instruction SIMCALL, which the assembler does not know for this CPU.
    __asm__ volatile (".byte 0x00, 0x51, 0x00" : "+r" (a2), "+r" (a3) : "r" (a4), "r" (a5) : "memory");
    error = a3;
    return a2;
}

int open(const char *path, int flags, ...) {
    return call(OPEN, (int)path, flags, 0);
}

int read(int file, void *buffer, size_t size) {
    return call(READ, file, (int)buffer, size);
}

int write(int file, const void *buffer, size_t size) {
    return call(WRITE, file, (int)buffer, size);
}

int close(int file) {
    return call(CLOSE, file, 0, 0);
}

void exit(int status) {
    for (;;) {
        call(EXIT, status, 0, 0);
    }
}
