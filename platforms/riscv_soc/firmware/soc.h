/*
 * Runtime of the firmware: console, options, exit, time, traps and interrupts, harts, memory.
 *
 * Hart 0 runs main; what main returns is the exit code. The others wait for soc_start_hart. All run in machine mode.
 * printf and what else the C library has of state is hart 0's. Results for the host: soc_result.
 */
#ifndef SOC_H
#define SOC_H

#include "soc_map.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define SOC_MAX_HARTS 64u /* soc.ld has as many stacks; harts beyond sleep for ever */

/* Exit codes. Those of a trap that nobody expects: SOC_EXIT_TRAP + hart % 8. */
#define SOC_EXIT_RIGHT 0
#define SOC_EXIT_WRONG 1 /* results are not what they should be */
#define SOC_EXIT_SETUP 2 /* options, or a platform without what the program needs */
#define SOC_EXIT_TRAP 120

/* ---- Console and end ------------------------------------------------------------------------------------------ */

/* A result for the host: the line `name = value`. Names: [a-z_][a-z0-9_.]*; print nothing else of that form. */
void soc_result(const char* name, uint64_t value);
/* part / whole with four decimals; nothing when whole is 0. */
void soc_result_ratio(const char* name, uint64_t part, uint64_t whole);

void soc_exit(int code) __attribute__((noreturn));
/* Prints "error: ..." and ends with SOC_EXIT_SETUP. */
void soc_fail(const char* format, ...) __attribute__((noreturn, format(printf, 1, 2)));

/* ---- Options -------------------------------------------------------------------------------------------------- */

/* key=value of the command line, separated by blanks. `choices` "this|that": the value becomes 0 or 1; null: a number,
 * decimal or 0x.... What `value` holds before is the default. */
struct soc_option {
    const char* name;
    uint32_t* value;
    const char* choices;
};

/* What all programs know of the platform: cores, devices (the host appends both) and memory (MiB of RAM from SOC_RAM).
 * What is given twice counts as given first: who asks for fewer cores than there are comes before the host. */
struct soc_platform {
    uint32_t cores, devices, memory_mib;
};
extern struct soc_platform soc_platform;

/* Reads the command line; ends with a message when it makes no sense. */
void soc_options(const struct soc_option* options, unsigned count);

/* ---- Memory and time ------------------------------------------------------------------------------------------ */

/* Never given back, aligned to 128 bytes, not cleared; ends with a message when RAM is full. After soc_options. */
void* soc_memory(size_t bytes);

/* Pseudo-random bytes, the same for the same seed. */
void soc_random(void* bytes, size_t count, uint64_t seed);

static inline volatile uint32_t* soc_register(uint64_t address) { return (volatile uint32_t*)(uintptr_t)address; }

/* Ticks of the CLINT since start. */
static inline uint64_t soc_ticks(void) {
    volatile uint32_t* const time = soc_register(SOC_CLINT + SOC_CLINT_MTIME);
    uint32_t high, low;
    do { /* a simulator may make two accesses of one of eight bytes */
        high = time[1];
        low = time[0];
    } while (high != time[1]);
    return (uint64_t)high << 32 | low;
}

/* Orders memory and devices. */
static inline void soc_fence(void) { __asm__ volatile("fence iorw, iorw" ::: "memory"); }

/* ---- Interrupts ----------------------------------------------------------------------------------------------- */

/* Interrupts of a PLIC source go to this hart, which calls the function in its trap handler. One function a source. */
void soc_connect(unsigned source, void (*function)(void* argument), void* argument);

/* To sleep without losing a wake-up: mask, look, soc_sleep, unmask (then handlers run). soc_sleep returns when an
 * interrupt is pending, masked or not, or for no reason. */
static inline void soc_mask(void) { __asm__ volatile("csrci mstatus, 8" ::: "memory"); }
static inline void soc_unmask(void) { __asm__ volatile("csrsi mstatus, 8" ::: "memory"); }
static inline void soc_sleep(void) { __asm__ volatile("wfi" ::: "memory"); }

/* ---- Harts ---------------------------------------------------------------------------------------------------- */

/* start.S keeps it in mscratch. */
static inline unsigned soc_hart(void) {
    unsigned long hart;
    __asm__("csrr %0, mscratch" : "=r"(hart));
    return (unsigned)hart;
}

/* Runs the function on a hart that waits; it waits again when the function returns. */
void soc_start_hart(unsigned hart, void (*function)(void* argument), void* argument);

/* Returns when all harts below `harts` are there. What they wrote before is seen after. */
void soc_barrier(unsigned harts);

#endif
