/*
 * Computes for about millions=N million instructions, with a look at a register of the first CiM device every every=K
 * instructions (0: never): measures how fast a platform simulates.
 */
#include "soc.h"

#include <cim_registers.h>

#define ROUND_INSTRUCTIONS 83u /* of one round of the loop in main, counted with GCC 12 -O2 */

#define SORTED 16u

static uint32_t table[256];

static void make_table(void) {
    uint32_t i, bit;
    for (i = 0; i < 256; ++i) {
        uint32_t c = i;
        for (bit = 0; bit < 8; ++bit) c = c & 1 ? c >> 1 ^ 0xedb88320u : c >> 1;
        table[i] = c;
    }
}

/* CRC-32 of four bytes more. */
static uint32_t checksum(uint32_t crc, uint32_t word) {
    unsigned i;
    for (i = 0; i < 4; ++i, word >>= 8) crc = table[(crc ^ word) & 0xff] ^ crc >> 8;
    return crc;
}

/* One pass of a bubble sort over four neighbours; the last round of a sequence puts a new value in. */
static void sort_a_bit(uint32_t* values, uint32_t round, uint32_t fresh) {
    uint32_t i, from = round * 3 % (SORTED - 3);
    for (i = from; i < from + 3; ++i) {
        const uint32_t low = values[i], high = values[i + 1];
        if (low > high) {
            values[i] = high;
            values[i + 1] = low;
        }
    }
    if (round % 64 == 63) values[0] = fresh;
}

int main(void) {
    static uint32_t millions = 10, every = 0;
    static const struct soc_option options[] = {{"millions", &millions, NULL}, {"every", &every, NULL}};
    static uint32_t values[SORTED];
    volatile uint32_t* id = soc_register(SOC_CIM_CONTROL + CIM_ID);
    uint64_t round, rounds, ticks, looks = 0, wrong = 0;
    uint32_t crc = ~0u, until_look, between;

    soc_options(options, 2);
    if (every && !soc_platform.devices) soc_fail("every=%u needs a CiM device", (unsigned)every);
    make_table();
    soc_random(values, sizeof values, 1);
    rounds = (uint64_t)millions * 1000000 / ROUND_INSTRUCTIONS;
    between = every < ROUND_INSTRUCTIONS ? 1 : (every + ROUND_INSTRUCTIONS / 2) / ROUND_INSTRUCTIONS;
    until_look = every ? between : UINT32_MAX;
    ticks = soc_ticks();
    for (round = 0; round < rounds; ++round) {
        crc = checksum(crc, values[round % SORTED]);
        sort_a_bit(values, (uint32_t)round, crc);
        if (--until_look == 0) {
            until_look = every ? between : UINT32_MAX;
            if (!every) continue;
            ++looks;
            wrong += *id != CIM_ID_VALUE;
        }
    }
    ticks = soc_ticks() - ticks;

    soc_result("about_instructions", rounds * ROUND_INSTRUCTIONS);
    soc_result("looks", looks);
    soc_result("ticks", ticks);
    soc_result("checksum", crc);
    soc_result("mismatches", wrong);
    return wrong ? SOC_EXIT_WRONG : SOC_EXIT_RIGHT;
}
