/*
 * Driver of the CiM device: C99, freestanding (no C library, no heap, no global state), for firmware, kernels and
 * models.
 *
 *     struct cim cim;
 *     struct cim_io io = cim_memory_mapped((volatile void*)0x40000000);
 *     cim_probe(&cim, &io);                                 // is it there, what can it do
 *     cim_ring_init(&cim, ring, (uintptr_t)ring, 16);       // optional: commands through memory instead of registers
 *     cim_mode(&cim, CIM_MODE_COMPUTE);
 *     struct cim_gemm g = {0};
 *     g.m = 100; g.n = 200; g.k = 300; g.a_bits = 8; g.b_bits = 8; g.z_bits = 32;
 *     g.a = (uintptr_t)a; g.b = (uintptr_t)b; g.z = (uintptr_t)z;
 *     cim_gemm(&cim, &g);
 *
 * Functions return CIM_OK or a negative cim_result. One `struct cim` a device; calls on the same one must not overlap,
 * but for cim_interrupt_handler, which may interrupt all others. Addresses are those that the device sees on its bus.
 * Host and device are little endian. Caches between host and memory are the caller's: the ring must be coherent or
 * uncached, operands written back before, results invalidated after.
 */
#ifndef CIM_DRIVER_H
#define CIM_DRIVER_H

#include "cim_registers.h"

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Access to the device ------------------------------------------------------------------------------------- */

/* How the driver reaches the control window. */
struct cim_io {
    void* context; /* handed to all functions */
    uint32_t (*read)(void* context, uint32_t offset);
    void (*write)(void* context, uint32_t offset, uint32_t value);
    /* Optional: between two looks at the device. May yield, or sleep until the next interrupt; cim_interrupts tells
     * how. */
    void (*relax)(void* context);
    /* Optional: orders the host's accesses to memory and to the device. */
    void (*barrier)(void* context);
};

/* The control window at `window` in the host's address space, with the barrier of the architecture and without relax.
 */
struct cim_io cim_memory_mapped(volatile void* window);

/* ---- Results -------------------------------------------------------------------------------------------------- */

enum cim_result {
    CIM_OK = 0,
    CIM_BAD_ARGUMENT = -1, /* nothing was sent */
    CIM_NO_DEVICE = -2,    /* no CiM device answers */
    CIM_BAD_VERSION = -3,  /* its interface is another one */
    CIM_STOPPED = -4,      /* the device has met an error: cim_last_error, then cim_reset */
    CIM_TIMED_OUT = -5,    /* cim.poll_limit looks were not enough; waiting again is allowed */
    CIM_NO_WORKSPACE = -6, /* K has to be cut, and there is no room for partial sums */
    CIM_WRONG_MODE = -7,   /* arrays are memory: cim_mode(CIM_MODE_COMPUTE) */
    CIM_TOO_LARGE = -8,    /* weights do not fit into these arrays at once */
    CIM_NO_DMA = -9        /* the device does not reach system memory */
};

/* The error that stopped the device. */
struct cim_error {
    uint32_t code;    /* CIM_ERROR_*, CIM_ERROR_NONE without an error */
    uint32_t command; /* number of the command at fault, from 0 since reset, modulo 2^32 */
    uint64_t address; /* at fault, 0 where there is none */
};

/* A sentence for a CIM_ERROR_* and for a cim_result; never null. */
const char* cim_error_text(uint32_t code);
const char* cim_result_text(int result);

/* ---- Device --------------------------------------------------------------------------------------------------- */

struct cim {
    /* May be set between calls. */
    uint32_t poll_limit; /* looks at the device in one wait; 0, as cim_probe leaves it: no limit */

    /* Read only: what the device is, from cim_probe. */
    uint32_t version;
    uint32_t capabilities; /* CIM_CAPABILITY_* */
    uint32_t arrays, array_rows, array_columns, array_bytes;
    uint32_t input_bits, weight_bits; /* of the arrays */
    uint32_t activation_bytes, weight_offset;
    uint32_t max_m, max_n, max_k;
    uint32_t max_ring, queue, clock_khz;

    /* Read only: how it stands. */
    uint32_t mode;      /* CIM_MODE_* after all commands that were submitted */
    uint32_t submitted; /* commands handed over since reset, modulo 2^32 */

    volatile uint32_t interrupts; /* calls of cim_interrupt_handler that found something */
    struct cim_error error;

    /* The driver's own. */
    struct cim_io io;
    volatile uint32_t* ring; /* null: commands go through registers */
    uint64_t ring_address;
    uint32_t ring_entries, ring_tail, ring_head;
    uint32_t interrupt_mask;
};

/* Finds the device behind `io` and fills `cim`. A device that is busy or stopped is reset. */
int cim_probe(struct cim* cim, const struct cim_io* io);

/* Aborts everything. Memories keep their bytes, arrays are memory again; ring and interrupts are set up as before. */
int cim_reset(struct cim* cim);

/* Commands go through `memory`, entries * CIM_DESCRIPTOR_BYTES bytes that the device sees at `bus_address`, both
 * aligned to CIM_DESCRIPTOR_BYTES; entries: a power of two, at most cim.max_ring. Waits for commands under way. Null or
 * 0 entries: through registers again. */
int cim_ring_init(struct cim* cim, void* memory, uint64_t bus_address, uint32_t entries);

/* Arrays are memory (CIM_MODE_MEMORY) or compute (CIM_MODE_COMPUTE); waits. */
int cim_mode(struct cim* cim, uint32_t mode);

/* Where the bytes of an array begin in the data window. */
static inline uint64_t cim_array_offset(const struct cim* cim, uint32_t array) {
    return cim->weight_offset + (uint64_t)array * cim->array_bytes;
}

/* The error that stopped the device, as a wait has met it. */
static inline const struct cim_error* cim_last_error(const struct cim* cim) { return &cim->error; }

/* Present value of a counter, CIM_COUNT_*. Several of one moment: cim_latch, then cim_latched for each. */
uint64_t cim_count(struct cim* cim, uint32_t counter);
void cim_latch(struct cim* cim);
uint64_t cim_latched(struct cim* cim, uint32_t counter);

/* ---- Interrupts ----------------------------------------------------------------------------------------------- */

/* Which causes raise the interrupt, CIM_IRQ_*; 0: none. With CIM_IRQ_DONE, which brings CIM_IRQ_ERROR with it, commands
 * that end a submission or make room ask for it, so that `relax` may sleep. To lose no wake-up, relax masks the CPU's
 * interrupts, waits for one to be pending (wfi), calls cim_interrupt_handler and restores them; beside a handler that
 * runs on its own, it compares cim.interrupts with what it saw at its last call and does not sleep when there are new
 * ones. */
int cim_interrupts(struct cim* cim, uint32_t mask);

/* Takes what the device signals and clears it. Returns CIM_IRQ_*; 0 when it was another device's. */
uint32_t cim_interrupt_handler(struct cim* cim);

/* ---- Commands ------------------------------------------------------------------------------------------------- */

/* One descriptor as it is, CIM_DESCRIPTOR_WORDS words; waits for room. `ticket`, where it is not null, is for cim_wait.
 * The descriptor is not checked. */
int cim_submit(struct cim* cim, const uint32_t* words, uint32_t* ticket);

/* Waits until the command of the ticket, and all before it, are finished. */
int cim_wait(struct cim* cim, uint32_t ticket);

/* Waits until all commands are finished. */
int cim_wait_all(struct cim* cim);

/* 1 when the command of the ticket is finished, 0 when not. Does not wait. */
int cim_finished(struct cim* cim, uint32_t ticket);

/* ---- Products ------------------------------------------------------------------------------------------------- */

/*
 * Z[M,N] = A[M,K] B[K,N], of any size. All matrices lie row by row; sums are modulo 2^32. What is not used is 0.
 *
 * With CIM_FLAG_REQUANTISE Z = clamp(((sum * scale + rounding) >> shift) + zero_point), otherwise z_bits is 32.
 *
 * A K that one command does not take is cut, and a requantised product whose K is longer than the arrays hold needs
 * room for its sums. These, 32 bit, lie in Z itself when z_bits is 32, otherwise in the workspace. It serves a tile at
 * a time, or several side by side: tiles shrink to what it holds (4 bytes suffice, a row of Z or more is fast). Z may
 * be C itself (same place, same stride); no other operands may overlap.
 *
 * Products behave as if one began when those before it are finished: one may use what another one writes.
 */
struct cim_gemm {
    uint32_t flags; /* CIM_FLAG_*: all but INTERRUPT and WORKSPACE */
    uint32_t m, n, k;
    uint32_t a_bits, b_bits, z_bits;       /* A, B: 8 or 16; Z: 32, or 8 and 16 with CIM_FLAG_REQUANTISE */
    uint64_t a, b, z, c;                   /* addresses; b: not with CIM_FLAG_HELD; c: only with CIM_FLAG_ACCUMULATE */
    uint32_t a_stride, b_stride, z_stride; /* bytes from a row to the next; 0: packed */
    uint32_t c_stride;                     /* 0: one row (a bias) for all rows */
    int32_t scale;                         /* with CIM_FLAG_REQUANTISE: these five */
    uint32_t shift;                        /* at most CIM_MAX_SHIFT */
    int32_t zero_point, clamp_min, clamp_max;
    uint32_t first_array, arrays;    /* that work; arrays 0: all from first_array on */
    uint64_t workspace;              /* address, aligned to 4 */
    uint32_t workspace_bytes;        /* 0: none */
    uint32_t workspace_local;        /* not 0: an offset in the activation memory */
    uint32_t tile_m, tile_n, tile_k; /* largest extents of a command; 0: the device's */
};

/* Puts B of the product into its arrays, where it stays for products with CIM_FLAG_HELD until arrays are written again.
 * Uses k, n, b, b_stride, b_bits, CIM_FLAG_B_UNSIGNED, first_array, arrays. B must fit at once: K along the rows of the
 * arrays, N along their columns. */
int cim_load_weights(struct cim* cim, const struct cim_gemm* product);
int cim_load_weights_submit(struct cim* cim, const struct cim_gemm* product, uint32_t* ticket);

/* The product; needs CIM_MODE_COMPUTE. With CIM_FLAG_HELD N and K are not cut, without it the arrays are overwritten.
 * The submitting form returns when the last command is handed over, hence waits for room when there are more commands
 * than the ring takes; the struct is not needed afterwards. After an error a part of the product may
 * be handed over. */
int cim_gemm(struct cim* cim, const struct cim_gemm* product);
int cim_gemm_submit(struct cim* cim, const struct cim_gemm* product, uint32_t* ticket);

#ifdef __cplusplus
}
#endif

#endif
