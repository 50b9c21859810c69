// Several cores on the same memory: nothing is lost, however far they run ahead of each other.
#include "guest.h"

using namespace cimtlm::test;

namespace {

std::vector<std::string> cores(int count) { return sets({"core.count=" + std::to_string(count)}); }

void sum(int way, int harts, int rounds) {
    const guest g("harts.S",
                  {"WAY=" + std::to_string(way), "HARTS=" + std::to_string(harts), "ROUNDS=" + std::to_string(rounds)});
    for (const auto& quantum : quanta()) {
        const auto r = run_guest(g, cores(harts) + at_quantum(quantum));
        EXPECT_EQ(r.integer("sum"), harts * rounds) << "way " << way << ", " << harts << " harts, " << quantum;
        EXPECT_EQ(r.integer("sum_of_words"), way == 1 ? harts * rounds : 0);
        double instructions = 0;
        for (int i = 0; i < harts; ++i) instructions += r.statistic("core" + std::to_string(i) + ".instructions");
        EXPECT_EQ(r.value("instructions"), instructions);
    }
}

} // namespace

TEST(harts, atomic_additions) {
    NEEDS_GUESTS();
    for (const int harts : {1, 2, 5, 8}) sum(1, harts, 300);
}

TEST(harts, reservations) {
    NEEDS_GUESTS();
    for (const int harts : {2, 3, 8}) sum(2, harts, 300);
}

TEST(harts, locks) {
    NEEDS_GUESTS();
    for (const int harts : {2, 8}) sum(3, harts, 200);
    for (const int harts : {2, 5}) sum(4, harts, 20);
}

TEST(harts, barriers) {
    NEEDS_GUESTS();
    for (const int harts : {2, 3, 8}) sum(5, harts, 10);
}

// Between a reservation and its store another hart writes: the store fails.
TEST(harts, reservation_that_is_lost) {
    NEEDS_GUESTS();
    const guest g(R"(
    la s1, word
    la s2, flag
    bnez a0, other
    lr.d t0, (s1)
    li t1, 1
    sd t1, 0(s2)
1:  ld t1, 0(s2)
    li t2, 2
    bne t1, t2, 1b
    sc.d t1, t0, (s1)
    beqz t1, wrong
    ld t0, 0(s1)
    demand_equal t0, 5
    lr.d t0, (s1) /* on a second try it works, once */
    sc.d t1, t2, (s1)
    bnez t1, wrong
    sc.d t1, t0, (s1)
    beqz t1, wrong
    exit 0
other:
    ld t1, 0(s2)
    beqz t1, other
    li t1, 5
    sd t1, 0(s1)
    li t1, 2
    sd t1, 0(s2)
    j .
wrong:
    exit 70
    .bss
    .balign 64
word: .space 64
flag: .space 64
)");
    for (const auto& quantum : quanta()) run_guest(g, cores(2) + at_quantum(quantum));
}

// Software interrupts around a ring of harts, each of which sleeps until its turn.
TEST(harts, send_each_other_interrupts) {
    NEEDS_GUESTS();
    const std::string text = R"(
    li s1, MSIP
    slli t0, a0, 2
    add s2, s1, t0
    li s0, ROUNDS
    addi t0, a0, 1 /* the next one */
    li t1, HARTS
    bne t0, t1, 1f
    li t0, 0
1:  slli t0, t0, 2
    add s3, s1, t0
    li s4, 1
    li s5, 0
    la t0, handler
    csrw mtvec, t0
    li t0, SOFTWARE
    csrw mie, t0
    mv s6, a0
    bnez a0, 2f
    sw s4, 0(s3)
2:  csrci mstatus, 8
    bnez s5, 3f
    wfi
    csrsi mstatus, 8
    j 2b
3:  li s5, 0
    addi s0, s0, -1
    beqz s0, 4f
    sw s4, 0(s3)
    j 2b
4:  beqz s6, 5f
    sw s4, 0(s3)
    wfi
    j .
5:  exit 0
    .balign 4
handler:
    sw zero, 0(s2)
    addi s5, s5, 1
    mret
)";
    for (const int harts : {2, 3, 8}) {
        const guest g(text, {"HARTS=" + std::to_string(harts), "ROUNDS=20"});
        std::int64_t first_ps = -1;
        for (const auto& quantum : quanta()) {
            const auto r = run_guest(g, cores(harts) + at_quantum(quantum));
            if (first_ps < 0) first_ps = r.time_ps();
            // One hart runs at a time, and each sleeps until its time has come.
            EXPECT_EQ(r.time_ps(), first_ps) << harts << " harts, quantum " << quantum;
        }
    }
}

TEST(harts, each_begins_with_its_number) {
    NEEDS_GUESTS();
    const guest g(R"(
    la t0, sum
    amoadd.d zero, a0, (t0)
    la t1, count
    li t2, 1
    amoadd.w t3, t2, (t1)
    addi t3, t3, 1
    li t2, HARTS
    beq t3, t2, 1f
    wfi
1:  ld s0, 0(t0)
    result sum, s0
    exit 9
    .bss
    .balign 8
sum: .space 8
count: .space 8
)",
                  {"HARTS=64"});
    const auto r = run_guest(g, cores(64), 9);
    EXPECT_EQ(r.integer("sum"), 64 * 63 / 2);
}

// Code that another hart has written, in other instructions: seen behind FENCE.I, and counted as it is.
TEST(harts, code_of_another_hart) {
    NEEDS_GUESTS();
    const guest g(R"(
    la s1, code
    la s2, flag
    li s3, 2
    bnez a0, other
    jalr s1
    demand_equal a1, 1
    li t0, 1
    sw t0, 0(s2)
1:  lw t0, 0(s2)
    bne t0, s3, 1b
    fence.i
    csrr s4, instret
    jalr s1
    csrr s5, instret
    demand_equal a1, 3
    sub s5, s5, s4
    result instructions_between, s5
    exit 0
other:
    lw t0, 0(s2)
    beqz t0, other
    li t0, 0x058d4589 /* c.li a1, 2; c.addi a1, 3 */
    sw t0, 0(s1)
    li t0, 0x15f9     /* c.addi a1, -2 */
    sh t0, 4(s1)
    fence rw, rw
    sw s3, 0(s2)
    j .
    .balign 4096
code:
    .option norvc
    li a1, 1
    .option rvc
    c.nop
    ret
    .data
    .balign 4096
flag: .word 0
)");
    for (const auto& quantum : quanta())
        EXPECT_EQ(run_guest(g, cores(2) + at_quantum(quantum)).integer("instructions_between"), 1 + 1 + 4) << quantum;
}

// The message tells which core, and where.
TEST(harts, mistake_of_another_core) {
    NEEDS_GUESTS();
    const guest g(R"(
    li t0, 3
    beq a0, t0, 1f
    j .
1:  li t1, NOWHERE
fault:
    lw t0, 12(t1)
    j .
)");
    for (const auto& quantum : quanta()) {
        const auto r = run_guest(g, cores(4) + at_quantum(quantum), 125);
        EXPECT_EQ(r.results.at("outcome"), "mistake");
        EXPECT_TRUE(contains(r.message(), "core3: load of 4 B at 0x800000c")) << r.message();
        EXPECT_TRUE(contains(r.message(), "pc " + hexadecimal(g.address("fault")) + " (fault)")) << r.message();
        EXPECT_EQ(r.statistic("core3.instructions"), 3);
        EXPECT_EQ(r.time_ps(), 3 * 1300 + 10000);
    }
}

// Of several that end the run at the same time the first counts.
TEST(harts, two_ends_at_once) {
    NEEDS_GUESTS();
    const std::string text = R"(
    li t0, 1
    beq a0, t0, 1f
    nop
    FIRST
1:  nop
    SECOND
)";
    const std::string first = "FIRST=exit 5", second = "SECOND=exit 6",
                      fault = "nop; nop; nop; nop; nop; lb a0, -1(zero)";
    for (const auto& quantum : quanta()) {
        const auto run = [&](const std::string& a, const std::string& b, int status) {
            const auto r = run_guest(guest(text, {a, b}), cores(2) + at_quantum(quantum), status);
            EXPECT_EQ(r.time_ps(), 8 * 1300) << a << ", " << b;
            return r.message();
        };
        EXPECT_EQ(run(first, second, 5), "");
        EXPECT_EQ(run(first, "SECOND=" + fault, 5), "");
        EXPECT_TRUE(contains(run("FIRST=" + fault, second, 125), "core0: load of 1 B"));
    }
}

TEST(harts, of_the_firmware) {
    NEEDS_GUESTS();
    for (const auto& quantum : quanta())
        for (const std::string wait : {"poll", "interrupt"}) {
            const auto r =
                run_guest("gemm", std::vector<std::string>{"m=9", "n=7", "k=33", "repeat=2", "wait=" + wait} +
                                      sets({"core.count=5", "cim.count=5"}) + at_quantum(quantum));
            EXPECT_EQ(r.integer("mismatches"), 0) << quantum;
            EXPECT_EQ(r.integer("products"), 10);
            EXPECT_EQ(r.integer("checked"), 5 * 9 * 7);
        }
}
