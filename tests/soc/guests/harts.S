/* HARTS harts work on the same words, each ROUNDS times. WAY: how. The last one that is done ends the guest. */
#include "guest.inc"

_start:
    mv s0, a0
    la s1, counter
    la s2, lock
    la s3, done
    la s4, sense
    li s5, ROUNDS

#if WAY == 1 /* atomic additions of both widths */
1:  li t0, 1
    amoadd.w t1, t0, (s1)
    addi t2, s1, 8
    amoadd.d t1, t0, (t2)
#elif WAY == 2 /* load-reserved and store-conditional */
1:  lr.d t0, (s1)
    addi t0, t0, 1
    sc.d t1, t0, (s1)
    bnez t1, 1b
#elif WAY == 3 /* a lock that is taken by a swap */
1:  li t0, 1
2:  amoswap.w.aq t1, t0, (s2)
    bnez t1, 2b
    ld t2, 0(s1)
    addi t2, t2, 1
    nop
    nop
    sd t2, 0(s1)
    amoswap.w.rl zero, zero, (s2)
#elif WAY == 4 /* a lock with numbers, served one after another */
1:  li t0, 1
    amoadd.w t1, t0, (s2)
2:  lw t2, 4(s2)
    bne t1, t2, 2b
    ld t3, 0(s1)
    addi t3, t3, 1
    sd t3, 0(s1)
    fence rw, w
    addi t2, t2, 1
    sw t2, 4(s2)
#elif WAY == 5 /* a barrier each round; between two of them every hart sees all of the round before */
    li s6, 0
1:  li t0, 1
    amoadd.d zero, t0, (s1)
    jal barrier
    ld t0, 0(s1)
    addi s6, s6, HARTS
    bne t0, s6, wrong
    jal barrier
#endif
    addi s5, s5, -1
    bnez s5, 1b

    li t0, 1
    amoadd.w t1, t0, (s3)
    addi t1, t1, 1
    li t0, HARTS
    beq t1, t0, last
asleep:
    wfi
    j asleep
last:
    ld s5, 0(s1)
    ld s6, 8(s1)
    result sum, s5
    result sum_of_words, s6
    result hart, s0
    exit 0

#if WAY == 5
barrier: /* the sense turns with each */
    lw t3, 0(s4)
    li t0, 1
    amoadd.w t1, t0, (s2)
    addi t1, t1, 1
    li t0, HARTS
    bne t1, t0, 2f
    sw zero, 0(s2)
    fence rw, w
    xori t3, t3, 1
    sw t3, 0(s4)
    ret
2:  lw t0, 0(s4)
    beq t0, t3, 2b
    fence r, rw
    ret
wrong:
    exit 70
#endif

    .bss
    .balign 64
counter: .space 64
lock: .space 64
done: .space 64
sense: .space 64
