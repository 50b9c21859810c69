/* Interrupts of the CiM device through the PLIC: ROUNDS fences, each with an interrupt. SLEEPS: until then, 0: spins. */
#include "guest.inc"

#define SOURCE 32
#define CLAIM 4
#define IRQ_STATUS 0x58
#define IRQ_ENABLE 0x5c
#define DESCRIPTOR 0x100
#define SUBMIT 0x180
#define FENCE_WITH_INTERRUPT 0x103

_start:
    la t0, handler
    csrw mtvec, t0
    li s1, PLIC
    li t0, 1
    sw t0, 4 * SOURCE(s1)
    li t1, PLIC + 0x2000 + 0x80 + 4 * (SOURCE / 32)
    sw t0, 0(t1)
    li s1, PLIC + 0x201000 /* threshold and claim of hart 0's supervisor context */
    sw zero, 0(s1)
    li s2, CIM
    sw t0, IRQ_ENABLE(s2)
    li t0, EXTERNAL
    csrw mie, t0
    li s5, 0 /* interrupts */
    li s0, 0 /* rounds */
    li s6, FENCE_WITH_INTERRUPT
#if !SLEEPS
    csrsi mstatus, 8
#endif

1:  sw s6, DESCRIPTOR(s2)
    addi s0, s0, 1
    sw zero, SUBMIT(s2)
2:
#if SLEEPS
    csrci mstatus, 8
    beq s5, s0, 3f
    wfi
    csrsi mstatus, 8
    j 2b
3:  csrsi mstatus, 8
#else
    bne s5, s0, 2b
#endif
    li t0, ROUNDS
    bne s0, t0, 1b

    .rept 100 /* a second one would come here */
    nop
    .endr
    lw t0, CLAIM(s1)
    bnez t0, wrong
    csrr t0, mip
    bnez t0, wrong
    mv s0, s5
    li t0, MTIME
    ld s1, 0(t0)
    result interrupts, s0
    result ticks, s1
    exit 0

wrong:
    exit 70

    .balign 4
handler:
    csrr t6, mcause
    slli t6, t6, 1
    addi t6, t6, -18
    bnez t6, wrong
    lw t5, CLAIM(s1)
    addi t6, t5, -SOURCE
    bnez t6, wrong
    lw t6, CLAIM(s1) /* taken once */
    bnez t6, wrong
    li t6, 1
    sw t6, IRQ_STATUS(s2)
    sw t5, CLAIM(s1)
    addi s5, s5, 1
    mret
