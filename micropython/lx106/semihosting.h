// What QEMU does for the program: files, console and the end.
#include <stddef.h>

int open(const char *path, int flags, ...);
int read(int file, void *buffer, size_t size);
int write(int file, const void *buffer, size_t size);
int close(int file);
void exit(int status) __attribute__((noreturn));
