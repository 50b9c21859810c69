/* Ways through code whose instructions can be counted. WAY chooses. */
#include "guest.inc"

_start:
    la t0, trap
    csrw mtvec, t0
    csrw mscratch, zero /* 4 instructions up to here */

#if WAY == 1 /* compressed */
    li s0, ROUNDS
1:  c.addi s0, -1
    c.bnez s0, 1b

#elif WAY == 2 /* not compressed */
    .option norvc
    li s0, ROUNDS
1:  addi s0, s0, -1
    nop
    bnez s0, 1b

#elif WAY == 3 /* straight code across the ends of pages, on some of which an instruction stands */
    li s0, ROUNDS
1:  c.nop
    .rept 2000
    c.nop
    .option push
    .option norvc
    nop
    nop
    .option pop
    .endr
    addi s0, s0, -1
    beqz s0, 2f
    j 1b
2:

#elif WAY == 4 /* traps */
    li s0, ROUNDS
    li s1, 4
1:  ecall
    addi s0, s0, -1
    bnez s0, 1b

#elif WAY == 5 /* in the middle of a block, of 2 bytes */
    li s0, ROUNDS
    li s1, 2
1:  c.nop
    .2byte 0 /* illegal */
    c.nop
    c.ebreak
    c.nop
    addi s0, s0, -1
    bnez s0, 1b

#elif WAY == 11 /* illegal ones of 4 bytes, with nothing and with more and more before them in their block */
    li s0, ROUNDS
    li s1, 4
1:  .4byte 0xffffffff
    c.nop
    .4byte 0xffffffff
    .option push
    .option norvc
    nop
    .4byte 0x00007053
    nop
    .option pop
    c.nop
    .4byte 0xffffffff
    li t0, MTIME
    lw t1, 0(t0)
    .4byte 0xffffffff
    addi s0, s0, -1
    bnez s0, 1b

#elif WAY == 6 /* WFI that goes on at once */
    li t0, MSIP
    li t1, 1
    sw t1, 0(t0)
    li t0, SOFTWARE
    csrw mie, t0
    li s0, ROUNDS
1:  addi s0, s0, -1
    wfi
    nop
    wfi
    bnez s0, 1b

#elif WAY == 7 /* calls of the host */
    li s0, ROUNDS
1:  addi s0, s0, -1
    li a0, 0x99
    host_call
    nop
    bnez s0, 1b

#elif WAY == 8 /* into the middle of a block, and out of it */
    li s0, ROUNDS
1:  j 3f
    nop
2:  nop
    nop
3:  nop
    nop
    c.addi s0, -1
    beqz s0, 4f
    andi t0, s0, 1
    bnez t0, 2b
    j 1b
4:

#elif WAY == 9 /* what ends a block: CSRs, FENCE.I, calls */
    li s0, ROUNDS
    la sp, stack_end
1:  csrr t0, mstatus
    fence.i
    csrw mscratch, t0
    jal 2f
    addi s0, s0, -1
    bnez s0, 1b
    j 3f
2:  fence
    lr.d t1, (sp)
    ret
3:

#elif WAY == 10 /* an instruction that is rewritten, as one of 4 bytes and as two of 2 in turn */
    li s0, ROUNDS
    la s1, 2f
    li s2, 0x00010001 /* two times c.nop */
    li s3, 0x00000013 /* nop */
1:  sw s2, 0(s1)
    fence.i
    mv t0, s2
    mv s2, s3
    mv s3, t0
    .option push
    .option norvc
    .balign 4
2:  nop
    .option pop
    addi s0, s0, -1
    bnez s0, 1b
#endif

    exit 0

    .balign 4
trap: /* s1: bytes to go on by; 4 instructions */
    csrr t6, mepc
    add t6, t6, s1
    csrw mepc, t6
    mret
