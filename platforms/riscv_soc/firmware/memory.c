/* memcpy and memset by words: the C library's go byte by byte. Compiled without the optimisation that would make calls
 * of memcpy and memset of these loops. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

void* memcpy(void* restrict to, const void* restrict from, size_t count) {
    unsigned char* out = to;
    const unsigned char* in = from;
    if (((uintptr_t)out ^ (uintptr_t)in) % 8 == 0) {
        for (; count && (uintptr_t)out % 8; --count) *out++ = *in++;
        for (; count >= 8; count -= 8, out += 8, in += 8) *(uint64_t*)(void*)out = *(const uint64_t*)(const void*)in;
    }
    for (; count; --count) *out++ = *in++;
    return to;
}

void* memset(void* to, int value, size_t count) {
    unsigned char* out = to;
    const uint64_t word = (unsigned char)value * (uint64_t)0x0101010101010101u;
    for (; count && (uintptr_t)out % 8; --count) *out++ = (unsigned char)value;
    for (; count >= 8; count -= 8, out += 8) *(uint64_t*)(void*)out = word;
    for (; count; --count) *out++ = (unsigned char)value;
    return to;
}
