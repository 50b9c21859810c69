/* Driver of the CiM device; cim_driver.h tells what the functions do, cim_registers.h what the device does. */
#include "cim_driver.h"

/* ---- Access --------------------------------------------------------------------------------------------------- */

static uint32_t mapped_read(void* context, uint32_t offset) {
    return *(volatile uint32_t*)(void*)((char*)context + offset);
}

static void mapped_write(void* context, uint32_t offset, uint32_t value) {
    *(volatile uint32_t*)(void*)((char*)context + offset) = value;
}

static void mapped_barrier(void* context) {
    (void)context;
#if defined(__riscv)
    __asm__ volatile("fence iorw, iorw" ::: "memory");
#elif defined(__aarch64__)
    __asm__ volatile("dsb sy" ::: "memory");
#elif defined(__GNUC__)
    __sync_synchronize();
#endif
}

struct cim_io cim_memory_mapped(volatile void* window) {
    struct cim_io io;
    io.context = (void*)(uintptr_t)window;
    io.read = mapped_read;
    io.write = mapped_write;
    io.relax = NULL;
    io.barrier = mapped_barrier;
    return io;
}

static uint32_t get(const struct cim* cim, uint32_t offset) { return cim->io.read(cim->io.context, offset); }

static void put(const struct cim* cim, uint32_t offset, uint32_t value) {
    cim->io.write(cim->io.context, offset, value);
}

static void barrier(const struct cim* cim) {
    if (cim->io.barrier) cim->io.barrier(cim->io.context);
}

static uint32_t smaller(uint32_t a, uint32_t b) { return a < b ? a : b; }

/* ---- Results -------------------------------------------------------------------------------------------------- */

const char* cim_error_text(uint32_t code) {
    static const char* const texts[] = {
        [CIM_ERROR_NONE] = "no error",
        [CIM_ERROR_COMMAND_UNKNOWN] = "no such command",
        [CIM_ERROR_DESCRIPTOR] = "a flag or word that the command does not have is not 0",
        [CIM_ERROR_PRECISION] = "a precision that the device does not have",
        [CIM_ERROR_EXTENT] = "M, N or K is 0 or above its largest value",
        [CIM_ERROR_STRIDE] = "a stride is shorter than a row or not a multiple of the element",
        [CIM_ERROR_ADDRESS] = "an operand is not aligned or leaves its memory",
        [CIM_ERROR_ARRAYS] = "no such arrays",
        [CIM_ERROR_WEIGHTS_TOO_LARGE] = "more weights than these arrays hold at once",
        [CIM_ERROR_MODE] = "the arrays are memory, or there is no such mode",
        [CIM_ERROR_WORKSPACE] = "K is too long for the arrays without a workspace",
        [CIM_ERROR_REQUANTISATION] = "shift is too large, or the clamp is empty or outside the result's bits",
        [CIM_ERROR_MAPPING] = "no way to run this product on these arrays",
        [CIM_ERROR_NO_DMA] = "the device does not reach system memory",
        [CIM_ERROR_FETCH] = "the bus refused the read of a descriptor",
        [CIM_ERROR_READ] = "the bus refused the read of an operand",
        [CIM_ERROR_WRITE] = "the bus refused the write of a result",
        [CIM_ERROR_RING] = "base or entries of the ring make no sense",
        [CIM_ERROR_RING_OVERRUN] = "the ring's tail is too far ahead",
        [CIM_ERROR_QUEUE_FULL] = "a command was submitted to a full queue",
    };
    return code < sizeof texts / sizeof texts[0] ? texts[code] : "unknown error";
}

const char* cim_result_text(int result) {
    static const char* const texts[] = {
        [CIM_OK] = "done",
        [-CIM_BAD_ARGUMENT] = "an argument makes no sense",
        [-CIM_NO_DEVICE] = "no CiM device answers",
        [-CIM_BAD_VERSION] = "the device has another interface",
        [-CIM_STOPPED] = "the device was stopped by an error",
        [-CIM_TIMED_OUT] = "the device was not ready in time",
        [-CIM_NO_WORKSPACE] = "K has to be cut, and there is no room for partial sums",
        [-CIM_WRONG_MODE] = "the arrays are memory",
        [-CIM_TOO_LARGE] = "the weights do not fit into these arrays at once",
        [-CIM_NO_DMA] = "the device does not reach system memory",
    };
    return result <= 0 && result > -(int)(sizeof texts / sizeof texts[0]) ? texts[-result] : "unknown result";
}

static int stopped(struct cim* cim) {
    cim->error.code = get(cim, CIM_ERROR_CODE);
    cim->error.command = get(cim, CIM_ERROR_COMMAND);
    cim->error.address = get(cim, CIM_ERROR_ADDRESS_LO) | (uint64_t)get(cim, CIM_ERROR_ADDRESS_HI) << 32;
    return CIM_STOPPED;
}

static void forget_error(struct cim* cim) {
    cim->error.code = CIM_ERROR_NONE;
    cim->error.command = 0;
    cim->error.address = 0;
}

/* ---- Waits ---------------------------------------------------------------------------------------------------- */

/* After a look that found nothing; `looks` counts them. */
static int look_again(struct cim* cim, uint32_t* looks) {
    if (++*looks == cim->poll_limit) return CIM_TIMED_OUT;
    if (cim->io.relax) cim->io.relax(cim->io.context);
    return CIM_OK;
}

int cim_finished(struct cim* cim, uint32_t ticket) {
    if (get(cim, CIM_COMPLETED) - ticket >= 0x80000000u) return 0; /* indices run on modulo 2^32 */
    barrier(cim);                                                  /* results are read after this */
    return 1;
}

int cim_wait(struct cim* cim, uint32_t ticket) {
    uint32_t looks = 0;
    while (!cim_finished(cim, ticket)) {
        int result;
        if (get(cim, CIM_STATUS) & CIM_STATUS_ERROR) return stopped(cim);
        result = look_again(cim, &looks);
        if (result) return result;
    }

    return CIM_OK;
}

int cim_wait_all(struct cim* cim) { return cim_wait(cim, cim->submitted); }

/* Until the next command can be handed over. */
static int wait_for_room(struct cim* cim) {
    uint32_t looks = 0;
    for (;;) {
        uint32_t status;
        int result;
        if (cim->ring && cim->ring_tail - cim->ring_head < cim->ring_entries) return CIM_OK;
        status = get(cim, CIM_STATUS);
        if (status & CIM_STATUS_ERROR) return stopped(cim);
        if (cim->ring) {
            cim->ring_head = get(cim, CIM_RING_HEAD);
            if (cim->ring_tail - cim->ring_head < cim->ring_entries) return CIM_OK;
        } else if (!(status & CIM_STATUS_QUEUE_FULL)) {
            return CIM_OK;
        }
        result = look_again(cim, &looks);
        if (result) return result;
    }
}

/* ---- Device --------------------------------------------------------------------------------------------------- */

static void clear_descriptor(const struct cim* cim) {
    uint32_t i;
    for (i = 0; i < CIM_DESCRIPTOR_WORDS; ++i) put(cim, CIM_DESCRIPTOR + 4 * i, 0);
}

static void start_ring(struct cim* cim) {
    put(cim, CIM_RING_BASE_LO, (uint32_t)cim->ring_address);
    put(cim, CIM_RING_BASE_HI, (uint32_t)(cim->ring_address >> 32));
    put(cim, CIM_RING_ENTRIES, cim->ring_entries);
    cim->ring_head = cim->ring_tail = get(cim, CIM_RING_HEAD);
    put(cim, CIM_RING_TAIL, cim->ring_tail);
    put(cim, CIM_CONTROL, CIM_CONTROL_ENABLE);
}

/* Takes over the device as it stands, idle. */
static void adopt(struct cim* cim) {
    cim->submitted = get(cim, CIM_COMPLETED);

    cim->mode = get(cim, CIM_STATUS) & CIM_STATUS_COMPUTE ? CIM_MODE_COMPUTE : CIM_MODE_MEMORY;
    forget_error(cim);
    clear_descriptor(cim);
    put(cim, CIM_IRQ_STATUS, CIM_IRQ_ALL);
    put(cim, CIM_IRQ_ENABLE, cim->interrupt_mask);
    if (cim->ring) start_ring(cim);
}

int cim_probe(struct cim* cim, const struct cim_io* io) {
    uint32_t bits, status;
    if (!cim || !io || !io->read || !io->write) return CIM_BAD_ARGUMENT;
    cim->io.context = io->context;
    cim->io.read = io->read;
    cim->io.write = io->write;
    cim->io.relax = io->relax;
    cim->io.barrier = io->barrier;
    cim->poll_limit = 0;
    cim->interrupts = 0;
    cim->interrupt_mask = 0;
    cim->ring = NULL;
    cim->ring_address = 0;
    cim->ring_entries = cim->ring_tail = cim->ring_head = 0;
    forget_error(cim);

    if (get(cim, CIM_ID) != CIM_ID_VALUE) return CIM_NO_DEVICE;
    cim->version = get(cim, CIM_VERSION);
    if (cim->version >> 16 != CIM_VERSION_VALUE >> 16) return CIM_BAD_VERSION;
    cim->capabilities = get(cim, CIM_CAPABILITIES);
    cim->arrays = get(cim, CIM_ARRAYS);
    cim->array_rows = get(cim, CIM_ARRAY_ROWS);
    cim->array_columns = get(cim, CIM_ARRAY_COLUMNS);
    cim->array_bytes = get(cim, CIM_ARRAY_BYTES);
    bits = get(cim, CIM_ARRAY_BITS);
    cim->input_bits = bits & 0xff;
    cim->weight_bits = bits >> 8 & 0xff;
    cim->activation_bytes = get(cim, CIM_ACTIVATION_BYTES);
    cim->weight_offset = get(cim, CIM_WEIGHT_OFFSET);
    cim->max_m = get(cim, CIM_MAX_M);
    cim->max_n = get(cim, CIM_MAX_N);
    cim->max_k = get(cim, CIM_MAX_K);
    cim->max_ring = get(cim, CIM_MAX_RING);
    cim->queue = get(cim, CIM_QUEUE);
    cim->clock_khz = get(cim, CIM_CLOCK_KHZ);
    if (!cim->max_m || !cim->max_n || !cim->max_k) return CIM_NO_DEVICE;

    status = get(cim, CIM_STATUS);
    if (status & (CIM_STATUS_BUSY | CIM_STATUS_ERROR)) return cim_reset(cim);
    put(cim, CIM_CONTROL, 0);
    adopt(cim);
    return CIM_OK;
}

int cim_reset(struct cim* cim) {
    uint32_t looks = 0;
    put(cim, CIM_CONTROL, CIM_CONTROL_RESET);
    while (get(cim, CIM_CONTROL) & CIM_CONTROL_RESET) {
        int result = look_again(cim, &looks);
        if (result) return result;
    }
    adopt(cim);
    return CIM_OK;
}

int cim_ring_init(struct cim* cim, void* memory, uint64_t bus_address, uint32_t entries) {
    int result;
    if (memory && entries) {
        if (!(cim->capabilities & CIM_CAPABILITY_DMA)) return CIM_NO_DMA;
        if (entries & (entries - 1) || entries > cim->max_ring || bus_address % CIM_DESCRIPTOR_BYTES ||
            (uintptr_t)memory % sizeof(uint32_t))
            return CIM_BAD_ARGUMENT;
    }
    result = cim_wait_all(cim);
    if (result) return result;
    put(cim, CIM_CONTROL, 0);
    cim->ring = NULL;
    if (!memory || !entries) return CIM_OK;
    cim->ring = (volatile uint32_t*)memory;
    cim->ring_address = bus_address;
    cim->ring_entries = entries;
    start_ring(cim);
    return CIM_OK;
}

void cim_latch(struct cim* cim) { put(cim, CIM_LATCH, 1); }

uint64_t cim_latched(struct cim* cim, uint32_t counter) {
    return get(cim, counter) | (uint64_t)get(cim, counter + 4) << 32;
}

uint64_t cim_count(struct cim* cim, uint32_t counter) {
    cim_latch(cim);
    return cim_latched(cim, counter);
}

/* ---- Interrupts ----------------------------------------------------------------------------------------------- */

int cim_interrupts(struct cim* cim, uint32_t mask) {
    if (mask & ~CIM_IRQ_ALL) return CIM_BAD_ARGUMENT;
    if (mask & CIM_IRQ_DONE) mask |= CIM_IRQ_ERROR;        /* who waits wakes up then, too */
    put(cim, CIM_IRQ_STATUS, mask & ~cim->interrupt_mask); /* what was there before nobody asked for */
    cim->interrupt_mask = mask;
    put(cim, CIM_IRQ_ENABLE, mask);
    return CIM_OK;
}

uint32_t cim_interrupt_handler(struct cim* cim) {
    uint32_t causes = get(cim, CIM_IRQ_STATUS) & cim->interrupt_mask;
    if (!causes) return 0;
    put(cim, CIM_IRQ_STATUS, causes);
    ++cim->interrupts;
    return causes;
}

/* ---- Commands ------------------------------------------------------------------------------------------------- */

/* The first `count` words, the others being 0. `last`: of a submission. */
static int hand_over(struct cim* cim, const uint32_t* words, uint32_t count, int last) {
    uint32_t i, command = words[CIM_WORD_COMMAND];
    int result = wait_for_room(cim);
    if (result) return result;
    if (cim->interrupt_mask & CIM_IRQ_DONE) {
        /* A full ring always holds one that wakes up who waits for room. */
        uint32_t half = cim->ring ? cim->ring_entries / 2 : 1;
        if (last || half < 2 || cim->ring_tail % half == 0) command |= CIM_FLAG_INTERRUPT;
    }
    if (cim->ring) {
        volatile uint32_t* entry = cim->ring + (size_t)(cim->ring_tail % cim->ring_entries) * CIM_DESCRIPTOR_WORDS;
        entry[CIM_WORD_COMMAND] = command;
        for (i = 1; i < CIM_DESCRIPTOR_WORDS; ++i) entry[i] = i < count ? words[i] : 0;
        ++cim->ring_tail;
        barrier(cim);
        put(cim, CIM_RING_TAIL, cim->ring_tail);
    } else {
        put(cim, CIM_DESCRIPTOR, command);
        for (i = 1; i < count; ++i) put(cim, CIM_DESCRIPTOR + 4 * i, words[i]);
        barrier(cim);
        put(cim, CIM_SUBMIT, 1);
    }
    ++cim->submitted;
    if ((command & CIM_COMMAND_MASK) == CIM_COMMAND_MODE) cim->mode = words[CIM_WORD_MODE];
    return CIM_OK;
}

static void clear(uint32_t* words) {
    uint32_t i;
    for (i = 0; i < CIM_WORD_RESERVED; ++i) *(volatile uint32_t*)&words[i] = 0; /* volatile: not by memset */
}

int cim_submit(struct cim* cim, const uint32_t* words, uint32_t* ticket) {
    int result;
    if (!words) return CIM_BAD_ARGUMENT;
    result = hand_over(cim, words, CIM_DESCRIPTOR_WORDS, 1);
    if (ticket) *ticket = cim->submitted;
    return result;
}

int cim_mode(struct cim* cim, uint32_t mode) {
    uint32_t words[CIM_WORD_RESERVED];
    int result;
    if (mode > CIM_MODE_COMPUTE) return CIM_BAD_ARGUMENT;
    clear(words);
    words[CIM_WORD_COMMAND] = CIM_COMMAND_MODE;
    words[CIM_WORD_MODE] = mode;
    result = hand_over(cim, words, CIM_WORD_RESERVED, 1);
    return result ? result : cim_wait_all(cim);
}

/* ---- Products ------------------------------------------------------------------------------------------------- */

/* A matrix of a product as it lies in memory. */
struct matrix {
    uint64_t address;
    uint32_t stride, bytes; /* of a row to the next; of an element */
    uint32_t local;         /* not 0: in the activation memory */
};

static uint64_t at(const struct matrix* x, uint32_t row, uint32_t column) {
    return x->address + (uint64_t)row * x->stride + (uint64_t)column * x->bytes;
}

/* Fills `x` and checks it; a stride of 0 means packed. */
static int lay_out(struct matrix* x, const struct cim* cim, uint64_t address, uint32_t stride, uint32_t bits,
                   uint32_t columns, uint32_t local) {
    uint64_t row;
    x->bytes = bits / 8;
    row = (uint64_t)columns * x->bytes;
    if (!stride) stride = (uint32_t)row;
    x->address = address;
    x->stride = stride;
    x->local = local;
    if (row > stride || (stride | address) & (x->bytes - 1)) return CIM_BAD_ARGUMENT;
    return local || cim->capabilities & CIM_CAPABILITY_DMA ? CIM_OK : CIM_NO_DMA;
}

static int is_operand(uint32_t bits) { return bits == 8 || bits == 16; }

/* Arrays that work, in `count`; 0 when there are no such arrays. */
static uint32_t count_arrays(const struct cim* cim, const struct cim_gemm* p) {
    if (p->first_array >= cim->arrays) return 0;
    if (!p->arrays) return cim->arrays - p->first_array;
    return p->arrays <= cim->arrays - p->first_array ? p->arrays : 0;
}

/* Parts of at most `size` that `whole` has. */
static uint32_t parts(uint32_t whole, uint32_t size) { return whole / size + (whole % size != 0); }

/* Whether the weights fit into their arrays at once: K along rows, N along columns, wide ones over several columns. */
static int can_hold(const struct cim* cim, const struct cim_gemm* p) {
    const uint32_t slices = cim->weight_bits ? parts(p->b_bits, cim->weight_bits) : 1;
    const uint32_t rows = cim->array_rows, columns = cim->array_columns / slices;
    if (!rows || !columns || p->k > cim->max_k || p->n > cim->max_n) return 0;
    return (uint64_t)parts(p->k, rows) * parts(p->n, columns) <= count_arrays(cim, p);
}

static int check_requantisation(const struct cim_gemm* p) {
    int32_t low = INT32_MIN, high = INT32_MAX;
    if (p->z_bits != 32) {
        if (!is_operand(p->z_bits)) return CIM_BAD_ARGUMENT;
        low = -((int32_t)1 << (p->z_bits - 1));
        high = ((int32_t)1 << p->z_bits) - 1; /* of unsigned results */
    }
    if (p->shift > CIM_MAX_SHIFT || p->clamp_min > p->clamp_max || p->clamp_min < low || p->clamp_max > high)
        return CIM_BAD_ARGUMENT;
    return CIM_OK;
}

static void put_address(uint32_t* words, uint32_t word, uint64_t address) {
    words[word] = (uint32_t)address;
    words[word + 1] = (uint32_t)(address >> 32);
}

int cim_load_weights_submit(struct cim* cim, const struct cim_gemm* p, uint32_t* ticket) {
    uint32_t words[CIM_WORD_RESERVED];
    struct matrix b;
    int result;
    if (!p || !p->k || !p->n || !is_operand(p->b_bits)) return CIM_BAD_ARGUMENT;
    result = lay_out(&b, cim, p->b, p->b_stride, p->b_bits, p->n, 0);
    if (result) return result;
    if (!count_arrays(cim, p)) return CIM_BAD_ARGUMENT;
    if (!can_hold(cim, p)) return CIM_TOO_LARGE;
    clear(words);
    words[CIM_WORD_COMMAND] = CIM_COMMAND_LOAD_WEIGHTS | (p->flags & CIM_FLAG_B_UNSIGNED);
    words[CIM_WORD_PRECISION] = p->b_bits << 8;
    words[CIM_WORD_N] = p->n;
    words[CIM_WORD_K] = p->k;
    put_address(words, CIM_WORD_B_LO, b.address);
    words[CIM_WORD_B_STRIDE] = b.stride;
    words[CIM_WORD_FIRST_ARRAY] = p->first_array;
    words[CIM_WORD_ARRAYS] = p->arrays;
    result = hand_over(cim, words, CIM_WORD_RESERVED, 1);
    if (ticket) *ticket = cim->submitted;
    return result;
}

int cim_load_weights(struct cim* cim, const struct cim_gemm* p) {
    int result = cim_load_weights_submit(cim, p, NULL);
    return result ? result : cim_wait_all(cim);
}

/* How a product is cut. */
struct plan {
    const struct cim_gemm* p;
    struct matrix a, b, z, c, workspace;
    const struct matrix* sums; /* room for partial sums: Z, the workspace, or null */
    uint32_t slots, slot;      /* tiles that the workspace serves at a time; that of the present tile */
    uint32_t tile_m, tile_n, tile_k;
    uint32_t longest_sum;              /* K of requantised results that needs no room for sums */
    uint32_t command;                  /* what all commands share: this word */
    uint32_t words[CIM_WORD_RESERVED]; /* and some of these */
};

static const uint32_t product_flags = CIM_FLAG_ACCUMULATE | CIM_FLAG_REQUANTISE | CIM_FLAG_HELD | CIM_FLAG_A_LOCAL |
                                      CIM_FLAG_Z_LOCAL | CIM_FLAG_C_LOCAL | CIM_FLAG_A_UNSIGNED | CIM_FLAG_B_UNSIGNED;

static int check_product(const struct cim_gemm* p) {
    if (p->flags & ~product_flags || !p->m || !p->n || !p->k) return CIM_BAD_ARGUMENT;
    if (!is_operand(p->a_bits) || !is_operand(p->b_bits)) return CIM_BAD_ARGUMENT;
    if (p->flags & CIM_FLAG_REQUANTISE) return check_requantisation(p);
    return p->z_bits == 32 ? CIM_OK : CIM_BAD_ARGUMENT;
}

static int lay_out_product(struct plan* plan, const struct cim* cim) {
    const struct cim_gemm* p = plan->p;
    int result = lay_out(&plan->a, cim, p->a, p->a_stride, p->a_bits, p->k, p->flags & CIM_FLAG_A_LOCAL);
    if (!result) result = lay_out(&plan->z, cim, p->z, p->z_stride, p->z_bits, p->n, p->flags & CIM_FLAG_Z_LOCAL);
    if (!result && !(p->flags & CIM_FLAG_HELD)) result = lay_out(&plan->b, cim, p->b, p->b_stride, p->b_bits, p->n, 0);
    if (!result && p->flags & CIM_FLAG_ACCUMULATE) {
        result = lay_out(&plan->c, cim, p->c, p->c_stride, 32, p->n, p->flags & CIM_FLAG_C_LOCAL);
        plan->c.stride = p->c_stride; /* 0: one row for all rows */
    }
    return result;
}

/* Cuts the product into tiles, and finds room for sums where K is cut or too long for the arrays. */
static int cut(struct plan* plan, const struct cim* cim) {
    const struct cim_gemm* p = plan->p;
    uint64_t longest = (uint64_t)count_arrays(cim, p) * cim->array_rows;
    int result;
    if (!longest) return CIM_BAD_ARGUMENT;
    plan->longest_sum = longest < UINT32_MAX ? (uint32_t)longest : UINT32_MAX;
    plan->tile_m = smaller(p->m, smaller(p->tile_m ? p->tile_m : cim->max_m, cim->max_m));
    plan->tile_n = smaller(p->n, smaller(p->tile_n ? p->tile_n : cim->max_n, cim->max_n));
    plan->tile_k = smaller(p->k, smaller(p->tile_k ? p->tile_k : cim->max_k, cim->max_k));
    plan->sums = NULL;
    plan->slots = plan->slot = 0;
    if (p->flags & CIM_FLAG_HELD) {
        plan->tile_n = p->n;
        plan->tile_k = p->k;
        return can_hold(cim, p) ? CIM_OK : CIM_TOO_LARGE;
    }
    if (plan->tile_k == p->k && (!(p->flags & CIM_FLAG_REQUANTISE) || p->k <= plan->longest_sum)) return CIM_OK;
    if (p->z_bits == 32) {
        plan->sums = &plan->z;
        return CIM_OK;
    }
    if (p->workspace_bytes < 4) return CIM_NO_WORKSPACE;
    result = lay_out(&plan->workspace, cim, p->workspace, 4, 32, 1, p->workspace_local);
    if (result) return result;
    plan->tile_n = smaller(plan->tile_n, p->workspace_bytes / 4);
    plan->tile_m = smaller(plan->tile_m, p->workspace_bytes / 4 / plan->tile_n);
    plan->workspace.stride = 4 * plan->tile_n;
    plan->slots = p->workspace_bytes / (plan->workspace.stride * plan->tile_m);
    plan->sums = &plan->workspace;
    return CIM_OK;
}

static void fill_common_words(struct plan* plan) {
    const struct cim_gemm* p = plan->p;
    uint32_t* words = plan->words;
    clear(words);
    plan->command =
        CIM_COMMAND_GEMM | (p->flags & (CIM_FLAG_HELD | CIM_FLAG_A_LOCAL | CIM_FLAG_A_UNSIGNED | CIM_FLAG_B_UNSIGNED));
    words[CIM_WORD_A_STRIDE] = plan->a.stride;
    if (!(p->flags & CIM_FLAG_HELD)) words[CIM_WORD_B_STRIDE] = plan->b.stride;
    words[CIM_WORD_FIRST_ARRAY] = p->first_array;
    words[CIM_WORD_ARRAYS] = p->arrays;
}

static void set_requantisation(uint32_t* words, const struct cim_gemm* p) {
    const int on = p != NULL;
    words[CIM_WORD_SCALE] = on ? (uint32_t)p->scale : 0;
    words[CIM_WORD_SHIFT] = on ? p->shift : 0;
    words[CIM_WORD_ZERO_POINT] = on ? (uint32_t)p->zero_point : 0;
    words[CIM_WORD_CLAMP_MIN] = on ? (uint32_t)p->clamp_min : 0;
    words[CIM_WORD_CLAMP_MAX] = on ? (uint32_t)p->clamp_max : 0;
}

static int same_place(const struct matrix* x, const struct matrix* y) {
    return x->address == y->address && x->stride == y->stride && !x->local == !y->local;
}

/* A part of the product: what a command does. */
struct tile {
    uint32_t m0, n0, k0, m, n, k;
};

/* Where the sums of a tile lie. */
static uint64_t sums_at(const struct plan* plan, const struct tile* t) {
    if (plan->sums == &plan->workspace) return at(plan->sums, plan->slot * plan->tile_m, 0);
    return at(plan->sums, t->m0, t->n0);
}

/* Of the command that begins at k0. */
static uint32_t next_k(const struct plan* plan, uint32_t k0) {
    const struct cim_gemm* p = plan->p;
    const uint32_t k = smaller(plan->tile_k, p->k - k0);
    /* The caller's C is not room for sums: the first part begins with it, the others go on with the sums. */
    const int has_c = !k0 && p->flags & CIM_FLAG_ACCUMULATE && plan->sums && !same_place(&plan->c, plan->sums);
    return has_c && k == p->k ? smaller(k, plan->longest_sum) : k;
}

static int run_tile(struct cim* cim, struct plan* plan, const struct tile* t) {
    const struct cim_gemm* p = plan->p;
    const struct matrix *sums = plan->sums, *c = NULL, *z;
    const int ends = t->k == p->k - t->k0; /* K does */
    const int last = ends && t->m == p->m - t->m0 && t->n == p->n - t->n0;
    uint32_t flags = plan->command;
    uint32_t* words = plan->words;
    /* Sums begin with C, with those of the K before, or with 0. */
    if (t->k0) {
        c = sums;
    } else if (p->flags & CIM_FLAG_ACCUMULATE) {
        c = sums && same_place(&plan->c, sums) ? sums : &plan->c;
    }
    if (c) flags |= CIM_FLAG_ACCUMULATE;
    z = ends ? &plan->z : sums;
    if (ends && p->flags & CIM_FLAG_REQUANTISE) {
        flags |= CIM_FLAG_REQUANTISE;
        if (sums && t->k > plan->longest_sum) { /* c is not the caller's then: next_k */
            flags |= CIM_FLAG_WORKSPACE;
            c = sums;
        }
    }
    if (z->local) flags |= CIM_FLAG_Z_LOCAL;
    if (c && c->local) flags |= CIM_FLAG_C_LOCAL;

    words[CIM_WORD_COMMAND] = flags;
    words[CIM_WORD_PRECISION] = p->a_bits | p->b_bits << 8 | z->bytes * 8 << 16;
    words[CIM_WORD_M] = t->m;
    words[CIM_WORD_N] = t->n;
    words[CIM_WORD_K] = t->k;
    put_address(words, CIM_WORD_A_LO, at(&plan->a, t->m0, t->k0));
    if (!(flags & CIM_FLAG_HELD)) put_address(words, CIM_WORD_B_LO, at(&plan->b, t->k0, t->n0));
    put_address(words, CIM_WORD_Z_LO, ends ? at(z, t->m0, t->n0) : sums_at(plan, t));
    put_address(words, CIM_WORD_C_LO, !c ? 0 : c == sums ? sums_at(plan, t) : at(c, t->m0, t->n0));
    words[CIM_WORD_Z_STRIDE] = z->stride;
    words[CIM_WORD_C_STRIDE] = c ? c->stride : 0;
    set_requantisation(words, flags & CIM_FLAG_REQUANTISE ? p : NULL);
    return hand_over(cim, words, CIM_WORD_RESERVED, last);
}

/* One tile of Z, its K from end to end, in its place of the workspace. */
static int run_in_workspace(struct cim* cim, struct plan* plan, struct tile* t) {
    int result = CIM_OK;
    for (t->k0 = 0; !result && t->k0 < plan->p->k; t->k0 += t->k) {
        t->k = next_k(plan, t->k0);
        result = run_tile(cim, plan, t);
    }
    if (++plan->slot == plan->slots) plan->slot = 0;
    return result;
}

/* All tiles. Commands overlap in the device where none needs what another one writes: with sums in Z all tiles take a
 * part of K before any takes the next, and neighbours have different places of the workspace. */
static int run(struct cim* cim, struct plan* plan) {
    const struct cim_gemm* p = plan->p;
    const int in_workspace = plan->sums == &plan->workspace;
    struct tile t;
    int result = CIM_OK;
    for (t.k0 = 0; !result && t.k0 < p->k; t.k0 += t.k) {
        t.k = next_k(plan, t.k0);
        for (t.n0 = 0; !result && t.n0 < p->n; t.n0 += t.n) {
            t.n = smaller(plan->tile_n, p->n - t.n0);
            for (t.m0 = 0; !result && t.m0 < p->m; t.m0 += t.m) {
                t.m = smaller(plan->tile_m, p->m - t.m0);
                result = in_workspace ? run_in_workspace(cim, plan, &t) : run_tile(cim, plan, &t);
            }
        }
        if (in_workspace) break; /* each tile had all of K */
    }
    return result;
}

int cim_gemm_submit(struct cim* cim, const struct cim_gemm* p, uint32_t* ticket) {
    struct plan plan;
    int result;
    if (ticket) *ticket = cim->submitted;
    if (!p || check_product(p)) return CIM_BAD_ARGUMENT;
    plan.p = p;
    result = lay_out_product(&plan, cim);
    if (!result) result = cut(&plan, cim);
    if (result) return result;
    if (cim->mode != CIM_MODE_COMPUTE) return CIM_WRONG_MODE;
    fill_common_words(&plan);
    result = run(cim, &plan);
    if (ticket) *ticket = cim->submitted;
    return result;
}

int cim_gemm(struct cim* cim, const struct cim_gemm* p) {
    int result = cim_gemm_submit(cim, p, NULL);
    return result ? result : cim_wait_all(cim);
}
