/* First instructions of all harts, entry of traps, calls to the host. Stacks and symbols: soc.ld. */

    .section .start, "ax"
    .globl _start
_start:
    csrw mie, zero
    csrci mstatus, 8 /* MIE */
    .option push
    .option norelax
    la gp, __global_pointer$
    .option pop
    la t0, soc_trap_entry
    csrw mtvec, t0

    /* A simulator that cannot set mhartid hands the number over in a0, as boot loaders do. */
    csrr t0, mhartid
    beqz t0, 4f
    mv a0, t0
4:  csrw mscratch, a0
    lui t0, %hi(__max_harts)
    addi t0, t0, %lo(__max_harts)
    bgeu a0, t0, 3f
    la sp, __stacks_end
    lui t0, %hi(__stack_bytes)
    addi t0, t0, %lo(__stack_bytes)
    mul t0, t0, a0
    sub sp, sp, t0
    bnez a0, 2f

    la t0, __bss_start
    la t1, __bss_end
1:  bgeu t0, t1, 2f
    sd zero, 0(t0)
    addi t0, t0, 8
    j 1b

2:  call soc_start
3:  wfi
    j 3b

/* Saves what C functions may change. */
    .text
    .balign 4
    .globl soc_trap_entry
soc_trap_entry:
    addi sp, sp, -128
    sd ra, 0(sp)
    sd t0, 8(sp)
    sd t1, 16(sp)
    sd t2, 24(sp)
    sd a0, 32(sp)
    sd a1, 40(sp)
    sd a2, 48(sp)
    sd a3, 56(sp)
    sd a4, 64(sp)
    sd a5, 72(sp)
    sd a6, 80(sp)
    sd a7, 88(sp)
    sd t3, 96(sp)
    sd t4, 104(sp)
    sd t5, 112(sp)
    sd t6, 120(sp)
    csrr a0, mcause
    csrr a1, mepc
    csrr a2, mtval
    call soc_trap
    ld ra, 0(sp)
    ld t0, 8(sp)
    ld t1, 16(sp)
    ld t2, 24(sp)
    ld a0, 32(sp)
    ld a1, 40(sp)
    ld a2, 48(sp)
    ld a3, 56(sp)
    ld a4, 64(sp)
    ld a5, 72(sp)
    ld a6, 80(sp)
    ld a7, 88(sp)
    ld t3, 96(sp)
    ld t4, 104(sp)
    ld t5, 112(sp)
    ld t6, 120(sp)
    addi sp, sp, 128
    mret

/* long soc_host(long operation, const void* arguments): a semihosting call; its three instructions are not compressed
 * and lie in one page. */
    .balign 16
    .globl soc_host
soc_host:
    .option push
    .option norvc
    slli zero, zero, 0x1f
    ebreak
    srai zero, zero, 7
    .option pop
    ret
