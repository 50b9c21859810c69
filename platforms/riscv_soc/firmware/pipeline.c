/*
 * A stream: the core makes block after block of a signal, windows of it in 8 bits (A), and a CiM device multiplies each
 * with the same weights. With buffers=2 the core makes the next block while the device works; the same with one buffer
 * tells what that gains. All results of both are compared, and a sample of them with the core's.
 */
#include "soc_cim.h"

#include <string.h>

#define HOP 8u     /* samples from a window to the next */
#define SAMPLES 4u /* results of a block that the core computes, too */
#define MAX_BUFFERS 2u

static uint32_t blocks = 16, m = 64, n = 768, k = 64, buffers = 2, held = 0, wait = SOC_INTERRUPT, submit = SOC_RING;
static const struct soc_option options[] = {
    {"blocks", &blocks, NULL},
    {"m", &m, NULL},
    {"n", &n, NULL},
    {"k", &k, NULL},
    {"buffers", &buffers, NULL},
    {"held", &held, "0|1"},
    {"wait", &wait, SOC_WAIT_CHOICES},
    {"submit", &submit, SOC_SUBMIT_CHOICES},
};

static struct soc_cim device;
static int8_t* signal; /* of a block */
static int8_t *a[MAX_BUFFERS], *b;

/* One run over all blocks. */
struct run {
    int32_t* z; /* of all blocks */
    uint64_t ticks, waited, looks;
};

/* A block of a signal, noise behind a low pass, in 8 bits, and its windows. */
static void make_block(uint32_t block, int8_t* windows) {
    const uint32_t length = (m - 1) * HOP + k;
    uint32_t i, noise = block * 2654435761u + 1;
    int32_t level = 0;
    for (i = 0; i < length; ++i) {
        noise = noise * 1664525u + 1013904223u;
        level += ((int32_t)(int16_t)(noise >> 16) - level) / 4;
        const int32_t value = (level * 3 + 128) >> 8; /* symmetric, as far as 8 bits go */
        signal[i] = (int8_t)(value < -127 ? -127 : value > 127 ? 127 : value);
    }
    for (i = 0; i < m; ++i) memcpy(windows + (size_t)i * k, signal + (size_t)i * HOP, k);
}

static struct cim_gemm product_of(const int8_t* windows, int32_t* z) {
    struct cim_gemm product;
    memset(&product, 0, sizeof product);
    product.m = m;
    product.n = n;
    product.k = k;
    product.a_bits = product.b_bits = 8;
    product.z_bits = 32;
    product.a = (uintptr_t)windows;
    product.z = (uintptr_t)z;
    if (held) {
        product.flags = CIM_FLAG_HELD;
    } else {
        product.b = (uintptr_t)b;
    }
    return product;
}

static void stream(struct run* run, uint32_t count) {
    const uint64_t waited = device.waited, looks = device.looks, start = soc_ticks();
    uint32_t block, tickets[MAX_BUFFERS];
    for (block = 0; block < blocks; ++block) {
        const uint32_t buffer = block % count;
        if (block >= count) { /* until the device has read what was there */
            soc_cim_wait(&device, tickets[buffer], "product");
        }
        make_block(block, a[buffer]);
        const struct cim_gemm product = product_of(a[buffer], run->z + (size_t)block * m * n);
        soc_cim_demand(&device, cim_gemm_submit(&device.cim, &product, &tickets[buffer]), "submission");
        soc_cim_waited(&device);
    }
    soc_cim_demand(&device, cim_wait_all(&device.cim), "product");
    run->waited = soc_cim_waited(&device) - waited;
    run->ticks = soc_ticks() - start;
    run->looks = device.looks - looks;
}

static uint64_t check(const struct run* one, const struct run* other) {
    const size_t size = (size_t)m * n;
    uint64_t wrong = 0;
    uint32_t block, i, l;
    size_t at;
    for (at = 0; at < blocks * size; ++at) wrong += one->z[at] != other->z[at];
    for (block = 0; block < blocks; ++block) {
        make_block(block, a[0]);
        for (i = 0; i < SAMPLES; ++i) {
            uint32_t place[2];
            int32_t sum = 0;
            soc_random(place, sizeof place, block * SAMPLES + i);
            const uint32_t row = place[0] % m, column = place[1] % n;
            for (l = 0; l < k; ++l) sum += a[0][(size_t)row * k + l] * b[(size_t)l * n + column];
            wrong += one->z[block * size + (size_t)row * n + column] != sum;
        }
    }
    return wrong;
}

int main(void) {
    struct run serial, run;
    uint64_t wrong;
    uint32_t i;
    soc_options(options, sizeof options / sizeof options[0]);
    if (!blocks || !m || !n || !k) soc_fail("blocks, m, n and k are 1 and more");
    if (!buffers || buffers > MAX_BUFFERS) soc_fail("buffers is 1 or 2");
    signal = soc_memory((size_t)(m - 1) * HOP + k);
    for (i = 0; i < MAX_BUFFERS; ++i) a[i] = soc_memory((size_t)m * k);
    b = soc_memory((size_t)k * n);
    soc_random(b, (size_t)k * n, 1);
    serial.z = soc_memory((size_t)blocks * m * n * 4);
    run.z = soc_memory((size_t)blocks * m * n * 4);
    memset(serial.z, 0x55, (size_t)blocks * m * n * 4);
    memset(run.z, 0xaa, (size_t)blocks * m * n * 4);
    soc_cim_open(&device, 0, wait, submit == SOC_RING ? SOC_CIM_RING : 0);
    if (held) {
        struct cim_gemm product = product_of(a[0], run.z);
        product.b = (uintptr_t)b;
        soc_cim_demand(&device, cim_load_weights(&device.cim, &product), "weights");
        soc_cim_waited(&device);
    }

    stream(&serial, 1);
    stream(&run, buffers);
    wrong = check(&serial, &run);

    soc_result("blocks", blocks);
    soc_result("checked", (uint64_t)blocks * m * n);
    soc_result("mismatches", wrong);
    soc_result("ticks_serial", serial.ticks);
    soc_result("ticks", run.ticks);
    soc_result_ratio("overlap", serial.ticks, run.ticks);
    soc_result("idle_ticks_serial", serial.waited);
    soc_result("idle_ticks", run.waited);
    soc_result_ratio("idle_share", run.waited, run.ticks);
    soc_result("looks", run.looks);
    if (wrong && !soc_cim_exact(&device)) {
        printf("the device does not compute exactly\n");
        wrong = 0;
    }
    return wrong ? SOC_EXIT_WRONG : SOC_EXIT_RIGHT;
}
