// What every module brings along: memory functions. MicroPython's own are not there.

    .text
    .global abort
    .p2align 2
abort:                                  // a panic ends QEMU
    entry   a1, 32
    movi    a3, 134
    movi    a2, 1
    .byte   0x00, 0x51, 0x00
.Laborted:
    j       .Laborted

    .global memcpy
    .p2align 2
memcpy:                                 // (to, from, length)
    entry   a1, 32
    or      a5, a2, a2
    beqz    a4, .Lcopied
.Lcopy:
    l8ui    a6, a3, 0
    s8i     a6, a5, 0
    addi    a3, a3, 1
    addi    a5, a5, 1
    addi    a4, a4, -1
    bnez    a4, .Lcopy
.Lcopied:
    retw

    .global memset
    .p2align 2
memset:                                 // (to, byte, length)
    entry   a1, 32
    or      a5, a2, a2
    beqz    a4, .Lset
.Lfill:
    s8i     a3, a5, 0
    addi    a5, a5, 1
    addi    a4, a4, -1
    bnez    a4, .Lfill
.Lset:
    retw

    .global memcmp
    .p2align 2
memcmp:                                 // (one, other, length)
    entry   a1, 32
    movi    a5, 0
    beqz    a4, .Lcompared
.Lcompare:
    l8ui    a5, a2, 0
    l8ui    a6, a3, 0
    sub     a5, a5, a6
    bnez    a5, .Lcompared
    addi    a2, a2, 1
    addi    a3, a3, 1
    addi    a4, a4, -1
    bnez    a4, .Lcompare
.Lcompared:
    or      a2, a5, a5
    retw
