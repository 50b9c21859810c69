/// When do the lines of the CLINT rise and fall: in the kernel's time, to the picosecond, whoever is ahead of it?
#include <platforms/riscv_soc/clint.h>
#include <platforms/riscv_soc/firmware/soc_map.h>

#include <random>
#include <vector>

#include "peripheral_host.h"

namespace {

using namespace soc_test;
using cimtlm::clint;
using testkit::now_ps;

constexpr auto software = clint::line::software, timer = clint::line::timer;

struct change {
    std::int64_t time_ps;
    unsigned hart;
    clint::line which;
    bool level;
    bool operator==(const change& o) const {
        return time_ps == o.time_ps && hart == o.hart && which == o.which && level == o.level;
    }
    friend void PrintTo(const change& c, std::ostream* to) {
        *to << (c.which == timer ? "timer " : "software ") << c.hart << (c.level ? " up at " : " down at ")
            << c.time_ps;
    }
};

struct bench {
    clint c;
    peripheral_host h{"h", c};
    std::vector<change> seen;

    explicit bench(unsigned harts = 2, double tick_mhz = 10) // a tick every 100 ns
        : c("clint", harts, tick_mhz, access_ps) {
        c.on_interrupt([this](unsigned hart, clint::line which, bool level) {
            seen.push_back({now_ps(), hart, which, level});
        });
        settle();
    }
    void compare(unsigned hart, std::uint64_t tick, std::int64_t ahead_ps = 0) {
        h.write(SOC_CLINT_MTIMECMP + 8 * hart, tick, 8, ahead_ps);
    }
    void msip(unsigned hart, bool to, std::int64_t ahead_ps = 0) {
        h.write(SOC_CLINT_MSIP + 4 * hart, to, 4, ahead_ps);
    }
    using changes = std::vector<change>;
};

TEST(clint_interrupts, the_timer_rises_when_it_is_due_and_falls_from_within_the_access) {
    bench b;
    b.compare(1, 5);
    EXPECT_EQ(b.c.next_timer_ps(1), 500000);
    EXPECT_EQ(b.c.next_timer_ps(0), -1);
    run_to(499999);
    EXPECT_TRUE(b.seen.empty());
    EXPECT_EQ(b.h.read(SOC_CLINT_MTIME, 8), 4u);
    run_to(500000);
    EXPECT_EQ(b.seen, (bench::changes{{500000, 1, timer, true}}));
    EXPECT_EQ(b.c.next_timer_ps(1), -1) << "it is up";
    run_to(600001);
    b.compare(1, 7);
    EXPECT_EQ(b.seen, (bench::changes{{500000, 1, timer, true}, {600001, 1, timer, false}}));
    EXPECT_EQ(b.c.next_timer_ps(1), 700000);
    run_to(1000000);
    EXPECT_EQ(b.seen.size(), 3u);
    EXPECT_EQ(b.seen.back(), (change{700000, 1, timer, true}));
}

TEST(clint_interrupts, ticks_need_not_be_whole_picoseconds) {
    bench b(2, 3); // a third of a microsecond
    b.compare(0, 1);
    b.compare(1, 2);
    EXPECT_EQ(b.c.next_timer_ps(0), 333334);
    EXPECT_EQ(b.c.next_timer_ps(1), 666667);
    run_to(1000000);
    EXPECT_EQ(b.seen, (bench::changes{{333334, 0, timer, true}, {666667, 1, timer, true}}));
    b.compare(0, 6);
    EXPECT_EQ(b.c.next_timer_ps(0), 2000000);
}

TEST(clint_interrupts, what_is_due_already_rises_at_the_time_of_the_access) {
    bench b;
    run_to(1000050);
    b.compare(0, 3);
    settle();
    EXPECT_EQ(b.seen, (bench::changes{{1000050, 0, timer, true}}));
    b.compare(0, 10);
    settle();
    EXPECT_EQ(b.seen.size(), 1u) << "still due: the line stays up";
    b.compare(1, 0, 2000); // by a hart ahead of the kernel
    EXPECT_EQ(b.c.next_timer_ps(1), 1002050);
    run(5000);
    EXPECT_EQ(b.seen.back(), (change{1002050, 1, timer, true}));
}

TEST(clint_interrupts, a_hart_ahead_moves_its_timer_in_its_own_time) {
    bench b;
    run_to(1000);
    // Due at 5, moved at 6.5 by a hart that is there already: no interrupt at 5.
    b.compare(0, 5);
    b.compare(0, 9, 649000);
    EXPECT_EQ(b.c.next_timer_ps(0), 900000);
    // Moved at 6.5 to 6, which has been: up from 6.5 on.
    b.compare(1, 6, 649000);
    EXPECT_EQ(b.c.next_timer_ps(1), 650000);
    run_to(899999);
    EXPECT_EQ(b.seen, (bench::changes{{650000, 1, timer, true}}));
    run_to(900000);
    EXPECT_EQ(b.seen.back(), (change{900000, 0, timer, true}));
    // Up, and moved ahead of time to what will be due by then: no gap.
    b.compare(0, 11, 200000);
    run_to(1200000);
    EXPECT_EQ(b.seen.size(), 2u);
    // To what will not be: down at once, in the kernel's time.
    b.compare(0, 15, 200000);
    EXPECT_EQ(b.seen.back(), (change{1200000, 0, timer, false}));
    run_to(1500000);
    EXPECT_EQ(b.seen.back(), (change{1500000, 0, timer, true}));
}

TEST(clint_interrupts, never_leaves_nothing_to_wait_for) {
    bench b;
    b.compare(0, 1000000);
    EXPECT_TRUE(sc_core::sc_pending_activity());
    b.compare(0, ~std::uint64_t{0});
    EXPECT_EQ(b.c.next_timer_ps(0), -1);
    EXPECT_FALSE(sc_core::sc_pending_activity()) << "a simulation could not end";
    b.compare(0, std::uint64_t{1} << 62);
    EXPECT_EQ(b.c.next_timer_ps(0), -1) << "beyond the kernel's time";
    EXPECT_FALSE(sc_core::sc_pending_activity());
    EXPECT_TRUE(b.seen.empty());
}

TEST(clint_interrupts, software_interrupts_rise_at_the_writers_time_and_fall_at_once) {
    bench b(3);
    run_to(1000);
    b.msip(2, true, 5000);
    EXPECT_EQ(b.h.read(SOC_CLINT_MSIP + 8), 1u);
    run_to(5999);
    EXPECT_TRUE(b.seen.empty());
    run_to(6000);
    EXPECT_EQ(b.seen, (bench::changes{{6000, 2, software, true}}));
    b.msip(2, true, 100);
    run_to(7000);
    EXPECT_EQ(b.seen.size(), 1u) << "it is up";
    b.msip(2, false, 3000);
    EXPECT_EQ(b.seen.back(), (change{7000, 2, software, false})) << "within the access";
    // Taken back before it came.
    b.msip(1, true, 5000);
    b.msip(1, false, 1000);
    // Two writers: the earlier one counts.
    b.msip(0, true, 5000);
    b.msip(0, true, 2000);
    b.msip(0, true, 4000);
    run(20000);
    EXPECT_EQ(b.seen.size(), 3u);
    EXPECT_EQ(b.seen.back(), (change{9000, 0, software, true}));
}

TEST(clint_interrupts, a_callback_may_access_the_clint) {
    bench b;
    b.c.on_interrupt([&](unsigned hart, clint::line which, bool level) {
        b.seen.push_back({now_ps(), hart, which, level});
        if (which == timer && level && b.seen.size() < 9) b.compare(hart, b.h.read(SOC_CLINT_MTIME, 8) + 1 + hart);
    });
    b.compare(0, 1);
    b.compare(1, 2);
    sc_core::sc_start(2, sc_core::SC_US);
    ASSERT_EQ(b.seen.size(), 10u);
    EXPECT_EQ(b.seen[0], (change{100000, 0, timer, true}));
    EXPECT_EQ(b.seen[1], (change{100000, 0, timer, false}));
    for (const auto& s : b.seen) EXPECT_EQ(s.time_ps % (s.hart == 0 ? 100000 : 200000), 0);
}

// Random accesses of harts, each in its own time, with clocks whose ticks are no whole picoseconds. What is expected:
// whenever the kernel's time has passed all harts, the line is what compare and time say, and it has risen at the first
// picosecond at which mtime had reached the compare register or it was written.
TEST(clint_interrupts, agrees_with_the_rule_over_random_accesses) {
    const auto seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    const double clocks[] = {0.032768, 1, 3, 24, 66.666667};
    const double mhz = clocks[random() % 5];
    bench b(4, mhz);
    const auto tick_ps = static_cast<std::int64_t>(1e6 / mhz);
    std::int64_t local_ps = 0;
    for (int i = 0; i < 3000; ++i) {
        const unsigned hart = random() % 4;
        local_ps = now_ps() + static_cast<std::int64_t>(random() % static_cast<unsigned>(2 * tick_ps));
        const auto seen_before = b.seen.size();
        const auto target = b.c.mtime(local_ps) + random() % 6;
        const auto cmp = target < 2 ? target : target - 2;
        b.compare(hart, cmp, local_ps - now_ps());
        // The first time at which it is reached.
        std::int64_t due_ps = local_ps;
        if (b.c.mtime(local_ps) < cmp) {
            auto low = local_ps, high = local_ps + 8 * tick_ps + 8; // reached at high, not at low
            ASSERT_GE(b.c.mtime(high), cmp);
            while (high - low > 1) (b.c.mtime((low + high) / 2) >= cmp ? high : low) = (low + high) / 2;
            due_ps = high;
        }
        const auto level_of = [&] {
            bool level = false;
            for (const auto& s : b.seen)
                if (s.hart == hart) level = s.level;
            return level;
        };
        if (level_of()) {
            ASSERT_EQ(due_ps, local_ps) << "not due any more and still up";
        } else {
            ASSERT_EQ(b.c.next_timer_ps(hart), due_ps);
        }
        for (auto s = seen_before; s < b.seen.size(); ++s) ASSERT_FALSE(b.seen[s].level) << "raised within an access";
        if (random() % 2) {
            run(static_cast<std::int64_t>(random() % static_cast<unsigned>(3 * tick_ps)));
            for (unsigned other = 0; other < 4; ++other) {
                const auto next_ps = b.c.next_timer_ps(other);
                ASSERT_TRUE(next_ps < 0 || next_ps > now_ps());
            }
            if (now_ps() >= due_ps) {
                ASSERT_TRUE(level_of());
                std::int64_t rose_ps = -1;
                for (const auto& s : b.seen)
                    if (s.hart == hart && s.level) rose_ps = s.time_ps;
                ASSERT_LE(rose_ps, due_ps);
                if (due_ps > local_ps) {
                    ASSERT_EQ(rose_ps, due_ps);
                }
            }
        }
    }
}

} // namespace
