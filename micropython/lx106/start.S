// Gives the program a stack and begins it. QEMU has loaded the rest, and memory is zero.

    .section .reset, "ax"
    .global reset
    .align  4
reset:
    j       begin
    .align  4
stack:
    .long   _stack_top
first:
    .long   main
begin:
    l32r    a1, stack
    l32r    a0, first
    callx0  a0
