// Starts the module on QEMU's `sim` machine with a processor that has register windows. `simcall` is QEMU's way to
// the host.

    .section .reset, "ax", @progbits
    .global reset
reset:
    j       .Lreset
    .p2align 2
.Lbegin_address:
    .long   begin
.Lreset:
    l32r    a0, .Lbegin_address
    jx      a0

    .text
    .p2align 2
.Lhandlers:
    .long   window_handlers
.Lstack:
    .long   stack_top
.Lstatus:
    .long   0x00040020                  // PS: windows and user mode
.Lmodule:
    .long   module
.Lwrite:
    .long   write
    .global begin
begin:                                  // a return keeps the upper bits of the address, so this is no part of `reset`
    movi    a0, 0
    wsr     a0, windowbase
    rsync
    movi    a0, 1
    wsr     a0, windowstart
    rsync
    l32r    a0, .Lhandlers
    wsr     a0, vecbase
    l32r    a1, .Lstack
    l32r    a0, .Lstatus
    wsr     a0, ps
    rsync
    movi    a0, 0
    l32r    a6, .Lwrite                 // the callee's a2
    l32r    a4, .Lmodule
    callx4  a4
    or      a3, a6, a6
    movi    a2, 1                       // exit(a3)
    .byte   0x00, 0x51, 0x00            // simcall
.Lend:
    j       .Lend

// Overflow and underflow of 4, 8 and 12 registers, each at its place: what runs out of the register file goes to
// the stack, as the processor's manual prescribes.
    .section .vectors, "ax", @progbits
    .global window_handlers
window_handlers:
    s32e    a0, a5, -16
    s32e    a1, a5, -12
    s32e    a2, a5, -8
    s32e    a3, a5, -4
    rfwo
    .p2align 6
    l32e    a0, a5, -16
    l32e    a1, a5, -12
    l32e    a2, a5, -8
    l32e    a3, a5, -4
    rfwu
    .p2align 6
    s32e    a0, a9, -16
    l32e    a0, a1, -12
    s32e    a1, a9, -12
    s32e    a2, a9, -8
    s32e    a3, a9, -4
    s32e    a4, a0, -32
    s32e    a5, a0, -28
    s32e    a6, a0, -24
    s32e    a7, a0, -20
    rfwo
    .p2align 6
    l32e    a0, a9, -16
    l32e    a1, a9, -12
    l32e    a2, a9, -8
    l32e    a7, a1, -12
    l32e    a3, a9, -4
    l32e    a4, a7, -32
    l32e    a5, a7, -28
    l32e    a6, a7, -24
    l32e    a7, a7, -20
    rfwu
    .p2align 6
    s32e    a0, a13, -16
    l32e    a0, a1, -12
    s32e    a1, a13, -12
    s32e    a2, a13, -8
    s32e    a3, a13, -4
    s32e    a4, a0, -48
    s32e    a5, a0, -44
    s32e    a6, a0, -40
    s32e    a7, a0, -36
    s32e    a8, a0, -32
    s32e    a9, a0, -28
    s32e    a10, a0, -24
    s32e    a11, a0, -20
    rfwo
    .p2align 6
    l32e    a0, a13, -16
    l32e    a1, a13, -12
    l32e    a2, a13, -8
    l32e    a11, a1, -12
    l32e    a3, a13, -4
    l32e    a4, a11, -48
    l32e    a5, a11, -44
    l32e    a6, a11, -40
    l32e    a7, a11, -36
    l32e    a8, a11, -32
    l32e    a9, a11, -28
    l32e    a10, a11, -24
    l32e    a11, a11, -20
    rfwu

    .text
    .p2align 2
write:                                  // (bytes, length)
    entry   a1, 32
    or      a5, a3, a3
    or      a4, a2, a2
    movi    a3, 1                       // standard output
    movi    a2, 4                       // write(a3, a4, a5)
    .byte   0x00, 0x51, 0x00
    retw
