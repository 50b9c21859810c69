/*
 * Where everything stands in the address space of the RISC-V SoC: one map for firmware, simulator and gem5
 * configuration. Interrupt controller, timer, UART and memory stand where SiFive's HiFive boards, gem5's HiFive
 * platform and QEMU's virt machine have them.
 */
#ifndef SOC_MAP_H
#define SOC_MAP_H

/* CLINT: software interrupts (32 bits a hart), timer compare (64 bits a hart), time. */
#define SOC_CLINT 0x02000000u
#define SOC_CLINT_BYTES 0x10000u
#define SOC_CLINT_MSIP 0x0000u     /* + 4 * hart */
#define SOC_CLINT_MTIMECMP 0x4000u /* + 8 * hart */
#define SOC_CLINT_MTIME 0xbff8u

/* PLIC: contexts 2 * hart (machine) and 2 * hart + 1 (supervisor). */
#define SOC_PLIC 0x0c000000u
#define SOC_PLIC_BYTES 0x04000000u
#define SOC_PLIC_PRIORITY 0x000000u  /* + 4 * source */
#define SOC_PLIC_PENDING 0x001000u   /* + 4 * (source / 32) */
#define SOC_PLIC_ENABLE 0x002000u    /* + 0x80 * context + 4 * (source / 32) */
#define SOC_PLIC_THRESHOLD 0x200000u /* + 0x1000 * context */
#define SOC_PLIC_CLAIM 0x200004u     /* + 0x1000 * context */

/* UART: of the 16550 the transmitter and the line status. */
#define SOC_UART 0x10000000u
#define SOC_UART_BYTES 0x100u
#define SOC_UART_SOURCE 10u

/* CiM devices: registers, data window, interrupt source. */
#define SOC_CIM_CONTROL 0x10100000u /* + SOC_CIM_CONTROL_STRIDE * device */
#define SOC_CIM_CONTROL_STRIDE 0x1000u
#define SOC_CIM_WINDOW 0x20000000u /* + SOC_CIM_WINDOW_STRIDE * device */
#define SOC_CIM_WINDOW_STRIDE 0x01000000u
#define SOC_CIM_SOURCE 32u /* + device */

#define SOC_RAM 0x80000000u

#endif
