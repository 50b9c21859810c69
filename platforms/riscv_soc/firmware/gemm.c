/*
 * Z = A B of 8-bit integers: on the core and on CiM devices, each core driving a device of its own. All results are
 * compared; with core=0 the core computes a sample of them alone. README.md tells of options and results.
 */
#include "multiply.h"
#include "soc_cim.h"

#include <string.h>

#define SAMPLES 256u /* with core=0 */

enum operands { MEMORY, WINDOW };

static uint32_t m = 64, n = 64, k = 64, repeat = 1, seed = 1;
static uint32_t wait = SOC_INTERRUPT, submit = SOC_RING, operands = MEMORY, held = 0, core = 1;
static const struct soc_option options[] = {
    {"m", &m, NULL},
    {"n", &n, NULL},
    {"k", &k, NULL},
    {"repeat", &repeat, NULL},
    {"seed", &seed, NULL},
    {"wait", &wait, SOC_WAIT_CHOICES},
    {"submit", &submit, SOC_SUBMIT_CHOICES},
    {"operands", &operands, "memory|window"},
    {"held", &held, "0|1"},
    {"core", &core, "0|1"},
};

/* What a hart does. */
struct job {
    int8_t *a, *b;
    int32_t *z, *expected;
    struct soc_cim device;
    uint64_t core_end, begin, end; /* of the products */
    uint64_t load, copy;           /* ticks of weights and of copies through the window */
    uint64_t checked, wrong;
};
static struct job jobs[SOC_MAX_HARTS];

static int32_t element(const struct job* job, uint32_t row, uint32_t column) {
    int32_t sum = 0;
    uint32_t l;
    for (l = 0; l < k; ++l) sum += job->a[(size_t)row * k + l] * job->b[(size_t)l * n + column];
    return sum;
}

static void check(struct job* job) {
    uint64_t i;
    if (core) {
        job->checked = (uint64_t)m * n;
        for (i = 0; i < job->checked; ++i) job->wrong += job->z[i] != job->expected[i];
    } else {
        for (i = 0; i < SAMPLES; ++i) {
            uint32_t place[2];
            soc_random(place, sizeof place, seed + i);
            const uint32_t row = place[0] % m, column = place[1] % n;
            job->wrong += job->z[(size_t)row * n + column] != element(job, row, column);
        }
        job->checked = SAMPLES;
    }
}

/* ---- Activation memory: A at its begin, Z behind it, both up to multiples of 8 bytes ---------------------------- */

static uint64_t whole_words(uint64_t bytes) { return (bytes + 7) / 8; }
static uint64_t z_offset(void) { return 8 * whole_words((uint64_t)m * k); }
static uint64_t z_words(void) { return whole_words(4 * (uint64_t)m * n); }

/* What soc_memory gives ends at a multiple of 128 bytes. */
static void copy_in(struct job* job) {
    volatile uint64_t* to = (volatile uint64_t*)(volatile void*)job->device.window;
    const uint64_t* from = (const uint64_t*)(const void*)job->a;
    const uint64_t ticks = soc_ticks();
    uint64_t i;
    for (i = 0; i < z_offset() / 8; ++i) to[i] = from[i];
    job->copy += soc_ticks() - ticks;
}

static void copy_out(struct job* job) {
    volatile const uint64_t* from = (volatile const uint64_t*)(volatile void*)(job->device.window + z_offset());
    uint64_t* to = (uint64_t*)(void*)job->z;
    const uint64_t ticks = soc_ticks();
    uint64_t i;
    for (i = 0; i < z_words(); ++i) to[i] = from[i];
    job->copy += soc_ticks() - ticks;
}

/* --------------------------------------------------------------------------------------------------------------- */

static struct cim_gemm product_of(const struct job* job) {
    struct cim_gemm product;
    memset(&product, 0, sizeof product);
    product.m = m;
    product.n = n;
    product.k = k;
    product.a_bits = product.b_bits = 8;
    product.z_bits = 32;
    product.b = (uintptr_t)job->b;
    if (operands == WINDOW) {
        product.flags = CIM_FLAG_A_LOCAL | CIM_FLAG_Z_LOCAL;
        product.z = z_offset();
    } else {
        product.a = (uintptr_t)job->a;
        product.z = (uintptr_t)job->z;
    }
    return product;
}

static void prepare(struct job* job, struct cim_gemm* product) {
    struct soc_cim* device = &job->device;
    soc_cim_open(device, soc_hart(), wait, submit == SOC_RING ? SOC_CIM_RING : 0);
    if (operands == WINDOW) {
        const uint64_t bytes = z_offset() + 8 * z_words();
        if (!device->window) soc_fail("device %u has no data window", device->number);
        if (bytes > device->cim.activation_bytes)
            soc_fail("A and Z have %lu bytes, the activation memory %u", bytes, (unsigned)device->cim.activation_bytes);
    }
    if (held) {
        const uint64_t ticks = soc_ticks();
        soc_cim_demand(device, cim_load_weights(&device->cim, product), "weights");
        soc_cim_waited(device);
        job->load = soc_ticks() - ticks;
        product->flags |= CIM_FLAG_HELD;
        product->b = 0;
    }
    device->waited = device->looks = 0;
}

static void work(void* argument) {
    struct job* job = argument;
    struct cim_gemm product = product_of(job);
    uint32_t i;
    if (core) multiply(job->a, job->b, job->expected, m, n, k);
    job->core_end = soc_ticks();
    prepare(job, &product);
    soc_barrier(soc_platform.cores);

    job->begin = soc_ticks();
    for (i = 0; i < repeat; ++i) {
        if (operands == WINDOW) copy_in(job);
        soc_cim_gemm(&job->device, &product);
        if (operands == WINDOW) copy_out(job);
    }
    job->end = soc_ticks();
    check(job);
    soc_barrier(soc_platform.cores);
}

int main(void) {
    const struct job* first = &jobs[0];
    uint64_t core_begin, core_end = 0, begin = UINT64_MAX, end = 0, checked = 0, wrong = 0, ticks;
    uint32_t hart;
    soc_options(options, sizeof options / sizeof options[0]);
    if (!m || !n || !k || !repeat) soc_fail("m, n, k and repeat are 1 and more");
    if (soc_platform.cores > soc_platform.devices)
        soc_fail("%u cores want a CiM device each, there are %u (cores=N: fewer of them)", (unsigned)soc_platform.cores,
                 (unsigned)soc_platform.devices);
    for (hart = 0; hart < soc_platform.cores; ++hart) {
        struct job* job = &jobs[hart];
        const size_t a = (size_t)m * k, b = (size_t)k * n, z = (size_t)m * n;
        job->a = soc_memory(a);
        job->b = soc_memory(b);
        job->z = soc_memory(4 * z);
        if (core) job->expected = soc_memory(4 * z);
        soc_random(job->a, a, seed + 2 * (uint64_t)hart);
        soc_random(job->b, b, seed + 2 * (uint64_t)hart + 1);
        memset(job->z, 0x55, 4 * z);
    }

    core_begin = soc_ticks();
    for (hart = 1; hart < soc_platform.cores; ++hart) soc_start_hart(hart, work, &jobs[hart]);
    work(&jobs[0]);

    for (hart = 0; hart < soc_platform.cores; ++hart) {
        const struct job* job = &jobs[hart];
        if (job->core_end > core_end) core_end = job->core_end;
        if (job->begin < begin) begin = job->begin;
        if (job->end > end) end = job->end;
        checked += job->checked;
        wrong += job->wrong;
    }
    ticks = end - begin;
    soc_result("products", (uint64_t)repeat * soc_platform.cores);
    soc_result("checked", checked);
    soc_result("mismatches", wrong);
    soc_result("exact", (uint64_t)soc_cim_exact(&first->device));
    if (core) soc_result("ticks_core", core_end - core_begin);
    soc_result("ticks_device", ticks);
    if (core) soc_result_ratio("speedup", (core_end - core_begin) * repeat, ticks);
    if (held) soc_result("ticks_load", first->load);
    if (operands == WINDOW) soc_result("ticks_copy", first->copy);
    soc_result("ticks_wait", first->device.waited);
    soc_result("looks", first->device.looks);
    soc_result("host_ticks", first->end - first->begin - first->device.waited);
    soc_result_ratio("host_share", first->end - first->begin - first->device.waited, first->end - first->begin);
    if (wrong && !soc_cim_exact(&first->device)) {
        printf("the device does not compute exactly\n");
        wrong = 0;
    }
    return wrong ? SOC_EXIT_WRONG : SOC_EXIT_RIGHT;
}
