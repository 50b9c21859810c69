// Instructions are counted exactly, whatever cuts the code into blocks and however far the core runs ahead.
#include "guest.h"
#include "random_code.h"

using namespace cimtlm::test;

namespace {

constexpr std::int64_t around = 4 + 5; // before and behind what is counted

/// A way through counting.S has so many instructions, at all quanta.
void count(int way, std::int64_t rounds, std::int64_t expected) {
    const guest g("counting.S", {"WAY=" + std::to_string(way), "ROUNDS=" + std::to_string(rounds)});
    for (const auto& quantum : quanta()) {
        const auto r = run_guest(g, at_quantum(quantum));
        EXPECT_EQ(r.instructions(), around + expected) << "way " << way << ", quantum " << quantum;
        EXPECT_EQ(r.statistic("core0.instructions"), static_cast<double>(around + expected));
    }
}

} // namespace

TEST(counting, loops) {
    NEEDS_GUESTS();
    for (const std::int64_t rounds : {1, 2, 1000}) {
        count(1, rounds, 1 + 2 * rounds);
        count(2, rounds, 1 + 3 * rounds);
    }
}

TEST(counting, straight_code_across_pages) {
    NEEDS_GUESTS();
    for (const std::int64_t rounds : {1, 7}) count(3, rounds, 1 + 6004 * rounds - 1);
}

TEST(counting, traps) {
    NEEDS_GUESTS();
    for (const std::int64_t rounds : {1, 500}) {
        count(4, rounds, 2 + (1 + 4 + 2) * rounds);
        count(5, rounds, 2 + (7 + 2 * 4) * rounds);
        count(11, rounds, 2 + (1 + 2 + 2 + 3 + 4 + 2 + 5 * 4) * rounds);
    }
}

TEST(counting, wfi_within_a_block) {
    NEEDS_GUESTS();
    for (const std::int64_t rounds : {1, 300}) count(6, rounds, 6 + 5 * rounds);
}

TEST(counting, calls_of_the_host) {
    NEEDS_GUESTS();
    for (const std::int64_t rounds : {1, 300}) count(7, rounds, 1 + 7 * rounds);
}

TEST(counting, jumps_into_blocks) {
    NEEDS_GUESTS();
    // A round: 4, then the way back: 3 + the jump, or 2 + the two that are jumped over.
    std::int64_t expected = 1;
    bool direct = false;
    for (std::int64_t left = 101; left > 0; --left) {
        expected += (direct ? 2 : 1) + 4; // 2: or 1: , and from 3: to the first branch
        direct = (left - 1) % 2 == 1;
        if (left > 1) expected += 2 + (direct ? 0 : 1);
    }
    count(8, 101, expected);
}

TEST(counting, what_ends_a_block) {
    NEEDS_GUESTS();
    for (const std::int64_t rounds : {1, 300}) count(9, rounds, 4 + 9 * rounds);
}

TEST(counting, code_that_is_rewritten) {
    NEEDS_GUESTS();
    for (const std::int64_t rounds : {1, 2, 100}) count(10, rounds, 6 + 8 * rounds + (rounds + 1) / 2);
}

TEST(counting, random_code_with_timer_interrupts) {
    NEEDS_GUESTS();
    const auto seed = random_seed(20);
    for (int i = 0; i < 6; ++i) {
        const random_code code(seed + static_cast<std::uint64_t>(i), 30);
        const std::string text = R"(
    la t0, trap
    csrw mtvec, t0
    la s7, table
    li s8, MTIME
    li s9, PERIOD
    li s10, MTIMECMP
    li s11, 0
    sd s9, 0(s10)
    li t0, TIMER
    csrw mie, t0
    csrsi mstatus, 8
begin:
)" + code.text + R"(
    csrw mie, zero
    mv s0, s11
    csrr s1, instret
    result interrupts, s0
    result instret, s1
    exit 0
    .balign 4
trap: /* both ways 6 instructions */
    csrr t6, mcause
    bltz t6, 1f
    csrr t6, mepc
    addi t6, t6, 4
    csrw mepc, t6
    mret
1:  addi s11, s11, 1
    add s9, s9, s6
    sd s9, 0(s10)
    mret
    .data
    .balign 8
table: .space 64
)";
        const guest g("li s6, PERIOD\n" + text, {"PERIOD=" + std::to_string(1000 + 37 * i)});
        std::int64_t first_interrupts = -1, first_ps = -1;
        for (const auto& quantum : quanta()) {
            const auto r = run_guest(g, at_quantum(quantum));
            const auto interrupts = r.integer("interrupts");
            EXPECT_EQ(r.integer("instret"), 15 + code.instructions + 6 * (code.calls + interrupts) + 2)
                << "guest " << i << ", quantum " << quantum;
            EXPECT_GT(interrupts, 3);
            if (first_ps < 0) {
                first_interrupts = interrupts;
                first_ps = r.time_ps();
            }
            EXPECT_EQ(interrupts, first_interrupts) << "guest " << i << ", quantum " << quantum;
            EXPECT_EQ(r.time_ps(), first_ps) << "guest " << i << ", quantum " << quantum;
        }
    }
}
