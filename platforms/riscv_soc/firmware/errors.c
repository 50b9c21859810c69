/*
 * What software can do wrong with a CiM device, each with the error that it must bring: code, number of the command,
 * address, interrupt. Afterwards a reset, and a product that must be right. Everything is done twice: commands through
 * registers and through the ring. CIM_ERROR_MAPPING and CIM_ERROR_NO_DMA are not provoked: no command brings the first
 * on devices that there are, and here all reach memory.
 */
#include "soc_cim.h"

#include <string.h>

#define NOWHERE 0x08000000u /* nothing answers between CLINT and PLIC */
#define SIZE 16u            /* M, N and K of the product that is right */
#define MANY 1024u          /* M of a long product */
#define FAR_AHEAD 0x100000u /* commands that are never reached */
#define PATIENCE 1000000u   /* ticks until an interrupt is given up */

static struct soc_cim device;
static struct cim* const cim = &device.cim;
static uint64_t checks, failed;

static int8_t *a, *b;
static int32_t *z, *c, *expected;
static uint32_t words[CIM_DESCRIPTOR_WORDS];

static uint32_t get(uint32_t offset) { return cim->io.read(cim->io.context, offset); }
static void put(uint32_t offset, uint32_t value) { cim->io.write(cim->io.context, offset, value); }

static void check(const char* name, const char* what, uint64_t found, uint64_t right) {
    ++checks;
    if (found == right) return;
    ++failed;
    printf("%s, %s: %s is 0x%lx, not 0x%lx\n", cim->ring ? "ring" : "registers", name, what, found, right);
}

/* ---- Commands ------------------------------------------------------------------------------------------------- */

static void set_address(uint32_t word, uint64_t address) {
    words[word] = (uint32_t)address;
    words[word + 1] = (uint32_t)(address >> 32);
}

static void begin(uint32_t command) {
    memset(words, 0, sizeof words);
    words[CIM_WORD_COMMAND] = command;
}

/* Z = A B, all right. */
static void begin_gemm(uint32_t flags) {
    begin(CIM_COMMAND_GEMM | flags);
    words[CIM_WORD_PRECISION] = 8 | 8 << 8 | 32 << 16;
    words[CIM_WORD_M] = words[CIM_WORD_N] = words[CIM_WORD_K] = SIZE;
    words[CIM_WORD_A_STRIDE] = SIZE;
    words[CIM_WORD_Z_STRIDE] = 4 * SIZE;
    set_address(CIM_WORD_A_LO, (uintptr_t)a);
    set_address(CIM_WORD_Z_LO, (uintptr_t)z);
    if (!(flags & CIM_FLAG_HELD)) {
        words[CIM_WORD_B_STRIDE] = SIZE;
        set_address(CIM_WORD_B_LO, (uintptr_t)b);
    }
    if (flags & (CIM_FLAG_ACCUMULATE | CIM_FLAG_WORKSPACE)) {
        words[CIM_WORD_C_STRIDE] = 4 * SIZE;
        set_address(CIM_WORD_C_LO, (uintptr_t)c);
    }
    if (flags & CIM_FLAG_REQUANTISE) {
        words[CIM_WORD_PRECISION] = 8 | 8 << 8 | 8 << 16;
        words[CIM_WORD_SCALE] = 1;
        words[CIM_WORD_CLAMP_MIN] = (uint32_t)-128;
        words[CIM_WORD_CLAMP_MAX] = 127;
    }
}

static void begin_load(void) {
    begin(CIM_COMMAND_LOAD_WEIGHTS);
    words[CIM_WORD_PRECISION] = 8 << 8;
    words[CIM_WORD_N] = words[CIM_WORD_K] = SIZE;
    words[CIM_WORD_B_STRIDE] = SIZE;
    set_address(CIM_WORD_B_LO, (uintptr_t)b);
}

/* ---- What must come of them ------------------------------------------------------------------------------------ */

/* Of a device that was reset. */
static void must_work(const char* name) {
    uint32_t i, wrong = 0;
    check(name, "cim_mode", (uint64_t)cim_mode(cim, CIM_MODE_COMPUTE), CIM_OK);
    memset(z, 0x55, 4 * SIZE * SIZE);
    begin_gemm(0);
    check(name, "a product's submission", (uint64_t)cim_submit(cim, words, NULL), CIM_OK);
    check(name, "a product's end", (uint64_t)cim_wait_all(cim), CIM_OK);
    for (i = 0; i < SIZE * SIZE; ++i) wrong += z[i] != expected[i];
    check(name, "wrong results", soc_cim_exact(&device) ? wrong : 0, 0);
}

static void must_recover(const char* name) {
    check(name, "cim_reset", (uint64_t)cim_reset(cim), CIM_OK);
    check(name, "CIM_STATUS after reset", get(CIM_STATUS), 0);
    check(name, "CIM_ERROR_CODE after reset", get(CIM_ERROR_CODE), CIM_ERROR_NONE);
    check(name, "CIM_IRQ_STATUS after reset", get(CIM_IRQ_STATUS), 0);
    check(name, "CIM_COMPLETED after reset", get(CIM_COMPLETED), 0);
    device.causes = 0;
    must_work(name);
}

/* The device stops, with this error at this command, its address from `address` on. */
static void must_stop_near(const char* name, uint32_t code, uint32_t command, uint64_t address, uint64_t bytes) {
    const struct cim_error* error = cim_last_error(cim);
    const uint64_t start = soc_ticks();
    check(name, "the result of waiting", (uint64_t)cim_wait(cim, cim->submitted + FAR_AHEAD), (uint64_t)CIM_STOPPED);
    while (!(device.causes & CIM_IRQ_ERROR) && soc_ticks() - start < PATIENCE) {
    }
    check(name, "causes of interrupts", device.causes & CIM_IRQ_ERROR, CIM_IRQ_ERROR);
    check(name, "the error's code", error->code, code);
    check(name, "the error's command", error->command, command);
    if (error->address - address >= bytes) check(name, "the error's address", error->address, address);
    check(name, "CIM_COMPLETED", get(CIM_COMPLETED), command); /* all before it, none behind */
    check(name, "CIM_STATUS", get(CIM_STATUS) & (CIM_STATUS_ERROR | CIM_STATUS_BUSY), CIM_STATUS_ERROR);
    must_recover(name);
}

static void must_stop(const char* name, uint32_t code, uint32_t command, uint64_t address) {
    must_stop_near(name, code, command, address, 1);
}

/* The command in `words` is refused; `operand`: CIM_WORD_*_LO of the address at fault, 0: none. */
static void refused(const char* name, uint32_t code, uint32_t operand) {
    const uint64_t address = operand ? words[operand] | (uint64_t)words[operand + 1] << 32 : 0;
    check(name, "submission", (uint64_t)cim_submit(cim, words, NULL), CIM_OK);
    must_stop(name, code, cim->submitted - 1, address);
}

/* Likewise by the bus, somewhere in an operand of so many bytes. */
static void refused_by_bus(const char* name, uint32_t code, uint32_t operand, uint64_t bytes) {
    set_address(operand, NOWHERE);
    check(name, "submission", (uint64_t)cim_submit(cim, words, NULL), CIM_OK);
    must_stop_near(name, code, cim->submitted - 1, NOWHERE, bytes);
}

/* ---- Descriptors ----------------------------------------------------------------------------------------------- */

static void commands_and_words(void) {
    begin(0);
    refused("no command", CIM_ERROR_COMMAND_UNKNOWN, 0);
    begin(CIM_COMMAND_MODE + 1);
    refused("an unknown command", CIM_ERROR_COMMAND_UNKNOWN, 0);

    begin_gemm(1u << 18);
    refused("an unknown flag", CIM_ERROR_DESCRIPTOR, 0);
    begin_gemm(CIM_FLAG_C_LOCAL);
    refused("a flag of an operand that is not there", CIM_ERROR_DESCRIPTOR, 0);
    begin_load();
    words[CIM_WORD_COMMAND] |= CIM_FLAG_HELD;
    refused("a flag of another command", CIM_ERROR_DESCRIPTOR, 0);
    begin_gemm(0);
    words[CIM_WORD_MODE] = 1;
    refused("a word of another command", CIM_ERROR_DESCRIPTOR, 0);
    begin_gemm(0);
    words[CIM_WORD_SHIFT] = 1;
    refused("a word of requantisation without it", CIM_ERROR_DESCRIPTOR, 0);
    begin_gemm(CIM_FLAG_HELD);
    set_address(CIM_WORD_B_LO, (uintptr_t)b);
    refused("an address of held weights", CIM_ERROR_DESCRIPTOR, 0);
    begin(CIM_COMMAND_FENCE);
    words[CIM_WORD_M] = 1;
    refused("a word with a fence", CIM_ERROR_DESCRIPTOR, 0);
    begin_gemm(0);
    words[CIM_DESCRIPTOR_WORDS - 1] = 1;
    refused("the last word", CIM_ERROR_DESCRIPTOR, 0);
}

static void extents(void) {
    static const uint32_t extent[] = {CIM_WORD_M, CIM_WORD_N, CIM_WORD_K};
    const uint32_t most[] = {cim->max_m, cim->max_n, cim->max_k};
    unsigned i;
    for (i = 0; i < 3; ++i) {
        begin_gemm(0);
        words[extent[i]] = 0;
        refused("an extent of 0", CIM_ERROR_EXTENT, 0);
        begin_gemm(0);
        words[extent[i]] = most[i] + 1;
        refused("an extent too large", CIM_ERROR_EXTENT, 0);
    }
    begin_load();
    words[CIM_WORD_K] = 0;
    refused("weights without rows", CIM_ERROR_EXTENT, 0);
}

static void precisions(void) {
    static const uint32_t wrong[] = {4 | 8 << 8 | 32 << 16, 8 | 32 << 8 | 32 << 16,
                                     8 | 8 << 8 | 16 << 16, /* 16: only requantised */
                                     8 | 8 << 8 | 24u << 16, 8 | 8 << 8 | 32u << 16 | 1u << 24};
    unsigned i;
    for (i = 0; i < sizeof wrong / sizeof wrong[0]; ++i) {
        begin_gemm(0);
        words[CIM_WORD_PRECISION] = wrong[i];
        refused("a precision", CIM_ERROR_PRECISION, 0);
    }
    begin_load();
    words[CIM_WORD_PRECISION] |= 8;
    refused("a precision of A for weights", CIM_ERROR_PRECISION, 0);

    begin_gemm(CIM_FLAG_REQUANTISE);
    words[CIM_WORD_SHIFT] = CIM_MAX_SHIFT + 1;
    refused("a shift too large", CIM_ERROR_REQUANTISATION, 0);
    begin_gemm(CIM_FLAG_REQUANTISE);
    words[CIM_WORD_CLAMP_MIN] = 1;
    words[CIM_WORD_CLAMP_MAX] = 0;
    refused("an empty clamp", CIM_ERROR_REQUANTISATION, 0);
    begin_gemm(CIM_FLAG_REQUANTISE);
    words[CIM_WORD_CLAMP_MAX] = 256;
    refused("a clamp above the result's bits", CIM_ERROR_REQUANTISATION, 0);
    begin_gemm(CIM_FLAG_REQUANTISE);
    words[CIM_WORD_CLAMP_MIN] = (uint32_t)-129;
    refused("a clamp below the result's bits", CIM_ERROR_REQUANTISATION, 0);
}

static void operands(void) {
    begin_gemm(0);
    words[CIM_WORD_A_STRIDE] = SIZE - 1;
    refused("rows of A too near", CIM_ERROR_STRIDE, 0);
    begin_gemm(0);
    words[CIM_WORD_B_STRIDE] = 0;
    refused("no stride of B", CIM_ERROR_STRIDE, 0);
    begin_gemm(0);
    words[CIM_WORD_Z_STRIDE] = 4 * SIZE + 2;
    refused("rows of Z off their element", CIM_ERROR_STRIDE, 0);
    begin_gemm(CIM_FLAG_REQUANTISE | CIM_FLAG_WORKSPACE);
    words[CIM_WORD_Z_STRIDE] = SIZE;
    words[CIM_WORD_C_STRIDE] = 0;
    refused("no stride of the workspace", CIM_ERROR_STRIDE, 0);

    begin_gemm(0);
    set_address(CIM_WORD_Z_LO, (uintptr_t)z + 2);
    refused("Z off its element", CIM_ERROR_ADDRESS, CIM_WORD_Z_LO);
    begin_gemm(CIM_FLAG_ACCUMULATE);
    set_address(CIM_WORD_C_LO, (uintptr_t)c + 1);
    refused("C off its element", CIM_ERROR_ADDRESS, CIM_WORD_C_LO);
    begin_gemm(0);
    set_address(CIM_WORD_A_LO, (uint64_t)1 << 63);
    refused("A beyond system memory", CIM_ERROR_ADDRESS, CIM_WORD_A_LO);
    begin_gemm(0);
    set_address(CIM_WORD_B_LO, ((uint64_t)1 << 63) - SIZE);
    refused("B over the end of system memory", CIM_ERROR_ADDRESS, CIM_WORD_B_LO);
    begin_gemm(CIM_FLAG_A_LOCAL);
    set_address(CIM_WORD_A_LO, cim->activation_bytes);
    refused("A behind the activation memory", CIM_ERROR_ADDRESS, CIM_WORD_A_LO);
    begin_gemm(CIM_FLAG_Z_LOCAL);
    set_address(CIM_WORD_Z_LO, cim->activation_bytes - 4 * SIZE);
    refused("Z over the end of the activation memory", CIM_ERROR_ADDRESS, CIM_WORD_Z_LO);

    begin_gemm(0);
    refused_by_bus("no memory under A", CIM_ERROR_READ, CIM_WORD_A_LO, SIZE * SIZE);
    begin_gemm(0);
    refused_by_bus("no memory under B", CIM_ERROR_READ, CIM_WORD_B_LO, SIZE * SIZE);
    begin_gemm(CIM_FLAG_ACCUMULATE);
    refused_by_bus("no memory under C", CIM_ERROR_READ, CIM_WORD_C_LO, 4 * SIZE * SIZE);
    begin_gemm(0);
    refused_by_bus("no memory under Z", CIM_ERROR_WRITE, CIM_WORD_Z_LO, 4 * SIZE * SIZE);
    begin_load();
    refused_by_bus("no memory under weights", CIM_ERROR_READ, CIM_WORD_B_LO, SIZE * SIZE);
}

/* K too long for one array of all. */
static void make_too_long(void) {
    words[CIM_WORD_ARRAYS] = 1;
    words[CIM_WORD_K] = cim->array_rows + 1;
    words[CIM_WORD_A_STRIDE] = words[CIM_WORD_M] ? words[CIM_WORD_K] : 0;
}

static void arrays(void) {
    begin_gemm(0);
    words[CIM_WORD_FIRST_ARRAY] = cim->arrays;
    refused("an array that is not there", CIM_ERROR_ARRAYS, 0);
    begin_gemm(0);
    words[CIM_WORD_ARRAYS] = cim->arrays + 1;
    refused("more arrays than there are", CIM_ERROR_ARRAYS, 0);
    begin(CIM_COMMAND_MODE);
    words[CIM_WORD_MODE] = CIM_MODE_COMPUTE + 1;
    refused("an unknown mode", CIM_ERROR_MODE, 0);
    check("memory", "cim_mode", (uint64_t)cim_mode(cim, CIM_MODE_MEMORY), CIM_OK);
    begin_gemm(0);
    refused("a product while arrays are memory", CIM_ERROR_MODE, 0);

    if (cim->array_rows < cim->max_k) {
        begin_load();
        make_too_long();
        refused("weights too large", CIM_ERROR_WEIGHTS_TOO_LARGE, 0);
        begin_gemm(CIM_FLAG_HELD);
        make_too_long();
        refused("held weights too large", CIM_ERROR_WEIGHTS_TOO_LARGE, 0);
        begin_gemm(CIM_FLAG_REQUANTISE);
        make_too_long();
        words[CIM_WORD_Z_STRIDE] = SIZE;
        words[CIM_WORD_CLAMP_MIN] = 0; /* results do not matter */
        check("workspace", "submission", (uint64_t)cim_submit(cim, words, NULL), CIM_OK);
        /* A device may have room for the sums. */
        if (cim_wait_all(cim) != CIM_OK) must_stop("no workspace", CIM_ERROR_WORKSPACE, cim->submitted - 1, 0);
    }
}

/* ---- Order ----------------------------------------------------------------------------------------------------- */

static void commands_around_a_fault(void) {
    uint32_t i;
    const uint32_t first = cim->submitted;
    for (i = 0; i < 5; ++i) {
        begin_gemm(0);
        if (i == 2) words[CIM_WORD_M] = 0;
        if (cim_submit(cim, words, NULL)) break; /* it may have stopped by now */
    }
    must_stop("commands around a fault", CIM_ERROR_EXTENT, first + 2, 0);
}

/* ---- Ring and queue, past the driver --------------------------------------------------------------------------- */

static void set_ring(uint64_t base, uint32_t entries, uint32_t tail) {
    put(CIM_CONTROL, 0);
    put(CIM_RING_BASE_LO, (uint32_t)base);
    put(CIM_RING_BASE_HI, (uint32_t)(base >> 32));
    put(CIM_RING_ENTRIES, entries);
    put(CIM_RING_TAIL, tail);
    soc_fence();
    put(CIM_CONTROL, CIM_CONTROL_ENABLE);
}

static void rings(uint64_t ring, uint32_t entries) {
    set_ring(ring, 3, get(CIM_RING_HEAD));
    must_stop("three entries", CIM_ERROR_RING, cim->submitted, ring);
    set_ring(ring, 0, get(CIM_RING_HEAD));
    must_stop("no entries", CIM_ERROR_RING, cim->submitted, ring);
    set_ring(ring, 2 * cim->max_ring, get(CIM_RING_HEAD));
    must_stop("too many entries", CIM_ERROR_RING, cim->submitted, ring);
    set_ring(ring + 64, entries, get(CIM_RING_HEAD));
    must_stop("a ring off its place", CIM_ERROR_RING, cim->submitted, ring + 64);
    set_ring((uint64_t)1 << 63, entries, get(CIM_RING_HEAD));
    must_stop("a ring beyond system memory", CIM_ERROR_RING, cim->submitted, (uint64_t)1 << 63);
    set_ring(ring, entries, get(CIM_RING_HEAD) + entries + 1);
    must_stop("a tail too far ahead", CIM_ERROR_RING_OVERRUN, cim->submitted, 0);
    set_ring(ring, entries, get(CIM_RING_HEAD) - 1);
    must_stop("a tail that moves back", CIM_ERROR_RING_OVERRUN, cim->submitted, 0);
    set_ring(NOWHERE, entries, get(CIM_RING_HEAD) + 1);
    must_stop("no memory under the ring", CIM_ERROR_FETCH, cim->submitted,
              NOWHERE + CIM_DESCRIPTOR_BYTES * (get(CIM_RING_HEAD) % entries));
}

/* More products than wait inside, handed over faster than they are done: they are long, and as all write one Z, each
 * begins when the last is finished. */
static void full_queue(void) {
    const uint32_t before = cim->submitted;
    uint32_t i;
    begin_gemm(0);
    words[CIM_WORD_M] = cim->max_m < MANY ? cim->max_m : MANY;
    for (i = 0; i < CIM_DESCRIPTOR_WORDS; ++i) put(CIM_DESCRIPTOR + 4 * i, words[i]);
    soc_fence();
    for (i = 0; i < cim->queue + 64; ++i) put(CIM_SUBMIT, 1);
    cim_wait(cim, before + FAR_AHEAD);
    check("a full queue", "too few commands taken", get(CIM_COMPLETED) - before < cim->queue, 0);
    must_stop("a full queue", CIM_ERROR_QUEUE_FULL, get(CIM_COMPLETED), 0);
}

/* ---- The driver's own ------------------------------------------------------------------------------------------ */

static void driver_results(void) {
    struct cim_gemm product;
    uint32_t ticket;
    memset(&product, 0, sizeof product);
    check("driver", "an empty product", (uint64_t)cim_gemm(cim, &product), (uint64_t)CIM_BAD_ARGUMENT);
    product.m = product.n = product.k = SIZE;
    product.a_bits = product.b_bits = 8;
    product.z_bits = 32;
    product.a = (uintptr_t)a;
    product.b = (uintptr_t)b;
    product.z = (uintptr_t)z;
    check("driver", "cim_mode", (uint64_t)cim_mode(cim, CIM_MODE_MEMORY), CIM_OK);
    check("driver", "a product while arrays are memory", (uint64_t)cim_gemm(cim, &product), (uint64_t)CIM_WRONG_MODE);
    check("driver", "cim_mode", (uint64_t)cim_mode(cim, CIM_MODE_COMPUTE), CIM_OK);
    product.arrays = cim->arrays + 1;
    check("driver", "arrays that are not there", (uint64_t)cim_gemm(cim, &product), (uint64_t)CIM_BAD_ARGUMENT);
    product.arrays = 1;
    product.k = cim->array_rows + 1;
    check("driver", "weights too large", (uint64_t)cim_load_weights(cim, &product), (uint64_t)CIM_TOO_LARGE);
    product.arrays = 0;
    product.k = SIZE;

    cim->poll_limit = 1;
    check("driver", "a submission", (uint64_t)cim_gemm_submit(cim, &product, &ticket), CIM_OK);
    while (cim_wait(cim, ticket) == CIM_TIMED_OUT) {
    } /* allowed again and again */
    check("driver", "a product in the end", (uint64_t)cim_finished(cim, ticket), 1);
    cim->poll_limit = 0;
}

/* --------------------------------------------------------------------------------------------------------------- */

static void registers(void) {
    put(CIM_SCRATCH, 0x12345678);
    put(CIM_ID, 0);
    put(CIM_WINDOW_BYTES - 4, 1);
    check("registers", "CIM_SCRATCH", get(CIM_SCRATCH), 0x12345678);
    check("registers", "CIM_ID after a write", get(CIM_ID), CIM_ID_VALUE);
    check("registers", "one that does not exist", get(CIM_WINDOW_BYTES - 4), 0);
}

static void prepare(void) {
    uint32_t i, j, l;
    a = soc_memory(MANY * SIZE);
    b = soc_memory(SIZE * SIZE);
    z = soc_memory(4 * MANY * SIZE);
    c = soc_memory(4 * SIZE * SIZE);
    expected = soc_memory(4 * SIZE * SIZE);
    soc_random(a, MANY * SIZE, 1);
    soc_random(b, SIZE * SIZE, 2);
    memset(c, 0, 4 * SIZE * SIZE);
    for (i = 0; i < SIZE; ++i) {
        for (j = 0; j < SIZE; ++j) {
            int32_t sum = 0;
            for (l = 0; l < SIZE; ++l) sum += a[i * SIZE + l] * b[l * SIZE + j];
            expected[i * SIZE + j] = sum;
        }
    }
}

int main(void) {
    void* ring;
    uint32_t entries;
    unsigned way;
    soc_options(NULL, 0);
    prepare();
    soc_cim_open(&device, 0, SOC_INTERRUPT, 0);
    entries = cim->max_ring < SOC_CIM_RING ? cim->max_ring : SOC_CIM_RING;
    ring = soc_memory((size_t)entries * CIM_DESCRIPTOR_BYTES);
    registers();
    rings((uintptr_t)ring, entries);
    full_queue();
    for (way = 0; way < 2; ++way) {
        soc_cim_demand(&device, cim_ring_init(cim, ring, (uintptr_t)ring, way ? entries : 0), "ring");
        must_work(way ? "ring" : "registers");
        commands_and_words();
        extents();
        precisions();
        operands();
        arrays();
        commands_around_a_fault();
        driver_results();
    }
    soc_result("checks", checks);
    soc_result("mismatches", failed);
    return failed ? SOC_EXIT_WRONG : SOC_EXIT_RIGHT;
}
