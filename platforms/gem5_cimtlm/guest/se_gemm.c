/*
 * A guest program of gem5's syscall emulation that uses the driver: products of several shapes, by registers and by the
 * ring, compared with the CPU's own. The configuration maps registers, data window and a piece of memory for operands
 * at their physical addresses (configs/riscv_se.py). No C library: Linux system calls alone.
 */
#include "cim_driver.h"

#include "soc_map.h"

#include <stddef.h>
#include <stdint.h>

/* ---- What a C library would do -------------------------------------------------------------------------------- */

enum { SYS_WRITE = 64, SYS_EXIT = 93 }; /* asm-generic/unistd.h of Linux */

static long system_call(long number, long a, long b, long c) {
    register long a0 __asm__("a0") = a;
    register long a1 __asm__("a1") = b;
    register long a2 __asm__("a2") = c;
    register long a7 __asm__("a7") = number;
    __asm__ volatile("ecall" : "+r"(a0) : "r"(a1), "r"(a2), "r"(a7) : "memory");
    return a0;
}

void* memset(void* to, int value, size_t count) {
    for (size_t i = 0; i < count; ++i) ((volatile unsigned char*)to)[i] = (unsigned char)value;
    return to;
}

void* memcpy(void* to, const void* from, size_t count) {
    for (size_t i = 0; i < count; ++i) ((volatile unsigned char*)to)[i] = ((const unsigned char*)from)[i];
    return to;
}

static void print(const char* text) {
    size_t length = 0;
    while (text[length]) ++length;
    system_call(SYS_WRITE, 1, (long)(uintptr_t)text, (long)length);
}

static void print_result(const char* name, uint64_t value) {
    char digits[21];
    size_t at = sizeof digits - 1;
    digits[at] = 0;
    do digits[--at] = (char)('0' + value % 10);
    while (value /= 10);
    print(name);
    print(" = ");
    print(digits + at);
    print("\n");
}

/* ---- The device ----------------------------------------------------------------------------------------------- */

/* gem5 knows no uncacheable pages in syscall emulation of RISC-V: fences keep accesses to registers in order. */
static uint32_t ordered_read(void* window, uint32_t offset) {
    __asm__ volatile("fence iorw, iorw" ::: "memory");
    const uint32_t value = *(volatile uint32_t*)(void*)((char*)window + offset);
    __asm__ volatile("fence iorw, iorw" ::: "memory");
    return value;
}

static void ordered_write(void* window, uint32_t offset, uint32_t value) {
    __asm__ volatile("fence iorw, iorw" ::: "memory");
    *(volatile uint32_t*)(void*)((char*)window + offset) = value;
    __asm__ volatile("fence iorw, iorw" ::: "memory");
}

/* ---- Products ------------------------------------------------------------------------------------------------- */

/* Operands, in memory that has the same address for program and device: SHARED of configs/riscv_se.py. */
#define SHARED 0x60000000u
#define RING SHARED
#define RING_ENTRIES 16u
#define A (SHARED + 0x010000u)
#define B (SHARED + 0x040000u)
#define Z (SHARED + 0x080000u)

static uint32_t random_state = 1;
static int8_t random_byte(void) { /* xorshift (Marsaglia, Xorshift RNGs, 2003) */
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return (int8_t)random_state;
}

static uint32_t products, mismatches, checksum;

static int multiply(struct cim* cim, uint32_t m, uint32_t n, uint32_t k) {
    int8_t* a = (int8_t*)(uintptr_t)A;
    int8_t* b = (int8_t*)(uintptr_t)B;
    const int32_t* z = (const int32_t*)(uintptr_t)Z;
    for (uint32_t i = 0; i < m * k; ++i) a[i] = random_byte();
    for (uint32_t i = 0; i < k * n; ++i) b[i] = random_byte();

    struct cim_gemm g = {0};
    g.m = m;
    g.n = n;
    g.k = k;
    g.a_bits = g.b_bits = 8;
    g.z_bits = 32;
    g.a = A;
    g.b = B;
    g.z = Z;
    const int result = cim_gemm(cim, &g);

    for (uint32_t r = 0; r < m; ++r)
        for (uint32_t c = 0; c < n; ++c) {
            int32_t expected = 0;
            for (uint32_t i = 0; i < k; ++i) expected += a[r * k + i] * b[i * n + c];
            mismatches += z[r * n + c] != expected;
            checksum = checksum * 31 + (uint32_t)z[r * n + c];
        }
    ++products;
    return result;
}

static int use_device(void) {
    struct cim_io io = {0};
    io.context = (void*)(uintptr_t)SOC_CIM_CONTROL;
    io.read = ordered_read;
    io.write = ordered_write;
    io.barrier = cim_memory_mapped(NULL).barrier;
    struct cim cim;
    int result = cim_probe(&cim, &io);
    if (result == CIM_OK) result = cim_mode(&cim, CIM_MODE_COMPUTE);
    if (result == CIM_OK) result = multiply(&cim, 1, 1, 1);
    if (result == CIM_OK) result = multiply(&cim, 5, 7, 33);
    if (result == CIM_OK) result = multiply(&cim, 16, 16, 64);
    if (result == CIM_OK) result = cim_ring_init(&cim, (void*)(uintptr_t)RING, RING, RING_ENTRIES);
    if (result == CIM_OK) result = multiply(&cim, 32, 20, 300);
    if (result == CIM_OK) result = multiply(&cim, 3, 64, 128);
    return result;
}

static int run(void) {
    const int result = use_device();
    if (result != CIM_OK) {
        print(cim_result_text(result));
        print("\n");
    }
    print_result("products", products);
    print_result("mismatches", mismatches);
    print_result("checksum", checksum);
    return result != CIM_OK || mismatches ? 1 : 0;
}

__attribute__((used)) static void leave(void) { system_call(SYS_EXIT, run(), 0, 0); }

__attribute__((naked, noreturn)) void _start(void) {
    __asm__ volatile(".option push\n"
                     ".option norelax\n"
                     "la gp, __global_pointer$\n"
                     ".option pop\n"
                     "andi sp, sp, -16\n"
                     "call leave\n");
}
