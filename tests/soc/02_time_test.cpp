// Simulated time is that of the instructions, of what they wait for and of sleep, and depends on nothing else.
#include "guest.h"

#include <cmath>

using namespace cimtlm::test;

namespace {

struct clocking {
    double clock_mhz = 1000, cycles_per_instruction = 1.3, latency_cycles = 5, access_cycles = 1;
    double cycle_ps() const { return 1e6 / clock_mhz; }
    /// Of a word through the bus: way there and back, the register, half a cycle of 8 bytes a cycle.
    std::int64_t access_ps() const {
        return 2 * std::llround(latency_cycles * cycle_ps()) + std::llround(access_cycles * cycle_ps()) +
               static_cast<std::int64_t>(std::ceil(0.5 * cycle_ps()));
    }
    std::vector<std::string> options() const {
        const auto text = [](double v) { return std::to_string(v); };
        return sets({"core.clock_mhz=" + text(clock_mhz), "core.cycles_per_instruction=" + text(cycles_per_instruction),
                     "bus.latency_cycles=" + text(latency_cycles), "peripherals.access_cycles=" + text(access_cycles)});
    }
};

guest make(std::int64_t rounds, std::int64_t loads, std::int64_t stores, std::int64_t wake = 0) {
    return guest("time.S", {"ROUNDS=" + std::to_string(rounds), "LOADS=" + std::to_string(loads),
                            "STORES=" + std::to_string(stores), "WAKE=" + std::to_string(wake)});
}

/// What a run says, without how long it took the host.
std::string comparable(const guest_run& r) {
    auto all = r.results;
    all.erase("mips");
    all.erase("host_s");
    return boost::json::serialize(all);
}

} // namespace

TEST(time, instructions_accesses_and_sleep_make_it_up) {
    NEEDS_GUESTS();
    const guest g = make(1000, 30, 20);
    for (const auto& c : {clocking{}, clocking{500}, clocking{333}, clocking{1000, 1}, clocking{700, 0.37},
                          clocking{1000, 1.3, 9}, clocking{1000, 1.3, 5, 4}, clocking{33, 2.7, 0, 0}})
        for (const auto& quantum : quanta()) {
            const auto r = run_guest(g, c.options() + at_quantum(quantum));
            const auto instructions = 1 + 2000 + 1 + 2 + 3 * 30 + 3 + 3 * 20 + 5;
            EXPECT_EQ(r.instructions(), instructions);
            EXPECT_EQ(r.statistic("core0.accesses"), 50);
            EXPECT_EQ(r.statistic("core0.access_ps"), static_cast<double>(50 * c.access_ps()));
            EXPECT_EQ(r.statistic("core0.sleep_ps"), 0);
            // Only the sum of the instructions is rounded, to whole picoseconds.
            EXPECT_EQ(r.time_ps(),
                      std::llround(static_cast<double>(instructions) * c.cycles_per_instruction * c.cycle_ps()) +
                          50 * c.access_ps())
                << c.clock_mhz << " MHz, " << c.cycles_per_instruction << ", quantum " << quantum;
        }
}

TEST(time, sleep_ends_with_the_tick) {
    NEEDS_GUESTS();
    const clocking c;
    for (const auto& [tick_mhz, wake] : {std::pair{1000.0, 50000}, {1.0, 60}, {32.768, 700}, {1e6, 9000001}}) {
        const guest g = make(10, 0, 0, wake);
        // Of a tick the first picosecond that is no earlier.
        const auto wakes_ps = static_cast<std::int64_t>(std::ceil(static_cast<double>(wake) * 1e6 / tick_mhz - 1e-6));
        for (const auto& quantum : quanta()) {
            const auto r =
                run_guest(g, sets({"peripherals.tick_mhz=" + std::to_string(tick_mhz)}) + at_quantum(quantum));
            EXPECT_LE(std::abs(r.time_ps() - (wakes_ps + 7 * 1300)), 1) << tick_mhz << " MHz, quantum " << quantum;
            EXPECT_EQ(static_cast<double>(r.time_ps()),
                      static_cast<double>(std::llround(static_cast<double>(r.instructions()) * 1300)) +
                          r.statistic("core0.access_ps") + r.statistic("core0.sleep_ps"));
            EXPECT_EQ(r.statistic("core0.access_ps"), static_cast<double>(2 * c.access_ps())); // a double word
        }
    }
}

TEST(time, two_runs_are_equal) {
    NEEDS_GUESTS();
    const guest g = make(1000, 30, 20, 50000);
    EXPECT_EQ(comparable(run_guest(g)), comparable(run_guest(g)));
    const std::vector<std::string> options{"m=20", "n=12", "k=40", "--set", "core.count=2", "--set", "cim.count=2"};
    EXPECT_EQ(comparable(run_guest("gemm", options)), comparable(run_guest("gemm", options)));
}

// Accesses to devices stand at their own time, whatever the quantum. The interrupt of a device is seen up to a quantum
// late by a core that computes, and at once by one that sleeps, as this firmware does whenever one is to come.
TEST(time, quantum_changes_nothing) {
    NEEDS_GUESTS();
    std::vector<std::vector<std::string>> runs{{"lenet", "images=1", "core=0"}, {"pipeline", "blocks=3", "m=16"}};
    for (const std::string wait : {"poll", "interrupt"})
        for (const std::string submit : {"ring", "registers"})
            runs.push_back({"gemm", "m=20", "n=12", "k=40", "repeat=3", "wait=" + wait, "submit=" + submit});
    for (const auto& run : runs) {
        const std::vector<std::string> options(run.begin() + 1, run.end());
        const auto expected = comparable(run_guest(run[0], options + at_quantum("0")));
        for (const auto& quantum : quanta())
            EXPECT_EQ(comparable(run_guest(run[0], options + at_quantum(quantum))), expected)
                << run[0] << ", " << run.back() << ", quantum " << quantum;
    }
}

// Harts that wait for each other in memory see a word up to a quantum late: here at the start of each and at two
// barriers.
TEST(time, quantum_changes_little_for_several_cores) {
    NEEDS_GUESTS();
    for (const std::string wait : {"poll", "interrupt"}) {
        const auto at = [&](const std::string& quantum) {
            return run_guest("gemm", std::vector<std::string>{"m=12", "n=20", "k=30", "repeat=3", "wait=" + wait} +
                                         sets({"core.count=4", "cim.count=4"}) + at_quantum(quantum));
        };
        const auto expected = at("0");
        for (const auto& [quantum, ps] : {std::pair{"1 ns", 1000}, {"1 us", 1000000}}) {
            const auto r = at(quantum);
            EXPECT_LE(std::abs(r.time_ps() - expected.time_ps()), 3 * ps) << wait << ", quantum " << quantum;
            EXPECT_EQ(r.integer("mismatches"), 0);
        }
    }
}

// The tick is no part of time: mtime counts it, and nothing else changes.
TEST(time, tick_counts_time) {
    NEEDS_GUESTS();
    const guest g(R"(
    li s0, 500
1:  addi s0, s0, -1
    bnez s0, 1b
    li s1, MTIME
    ld s2, 0(s1)
    result ticks, s2
    exit 0
)");
    // 1 + 1000 + 2 instructions, then the way there.
    const auto read_ps = 1003 * 1300 + 5000;
    std::int64_t time_ps = 0;
    for (const double mhz : {1e6, 1000.0, 999.0, 10.0, 0.032768}) {
        const auto r = run_guest(g, sets({"peripherals.tick_mhz=" + std::to_string(mhz)}));
        EXPECT_EQ(r.integer("ticks"), static_cast<std::int64_t>(read_ps * mhz * 1e-6)) << mhz;
        if (mhz == 1e6) time_ps = r.time_ps();
        // The guest divides and prints more or fewer digits: 18 instructions each at most.
        EXPECT_LE(std::abs(r.time_ps() - time_ps), 10 * 18 * 1300);
    }
}
