/* ROUNDS of a loop, LOADS and STORES of words of the CLINT, then sleep until the tick WAKE (0: none). */
#include "guest.inc"

_start:
    li s0, ROUNDS
1:  addi s0, s0, -1
    bnez s0, 1b

    li s1, MTIMECMP
    li s0, LOADS
    beqz s0, 3f
2:  lw t0, 4(s1)
    addi s0, s0, -1
    bnez s0, 2b
3:  li s0, STORES
    beqz s0, 5f
    li t1, -1
4:  sw t1, 4(s1)
    addi s0, s0, -1
    bnez s0, 4b
5:

#if WAKE
    li t0, TIMER
    csrw mie, t0
    li t0, WAKE
    sd t0, 0(s1)
before_sleep:
    wfi
    nop
    nop
    /* 2 instructions behind WFI, 5 more to the end */
#endif
    exit 0
