// Each access to the bus stands at the time of its instruction, within a block of straight code, too.
#include "guest.h"

#include <cmath>
#include <random>

using namespace cimtlm::test;

namespace {

/// A guest that reads the time, cycles and instructions again and again, and what it should have read.
struct readings {
    std::string text;
    std::vector<std::int64_t> expected;

    static constexpr double instruction_ps = 1300;
    static constexpr std::int64_t latency_ps = 5000, access_ps = 2 * latency_ps + 1000 + 500;

    std::int64_t instructions = 0, accesses = 0;

    std::int64_t now_ps() const {
        return std::llround(static_cast<double>(instructions) * instruction_ps) + accesses * access_ps;
    }
    void add(const std::string& line, std::int64_t count = 1) {
        text += "    " + line + "\n";
        instructions += count;
    }
    void add_access(const std::string& line, std::int64_t parts = 1) {
        add(line);
        accesses += parts;
    }
    void keep(const std::string& reg, std::int64_t value) {
        add("sd " + reg + ", " + std::to_string(8 * expected.size()) + "(s9)");
        expected.push_back(value);
    }
    /// mtime in ticks of 1 ps.
    void read_time(const std::string& line, const std::string& reg, std::int64_t parts = 1) {
        const auto ticks = now_ps() + latency_ps;
        add_access(line, parts);
        keep(reg, ticks);
    }
    void print() {
        for (std::size_t i = 0; i < expected.size(); ++i) {
            const auto n = std::to_string(i);
            text += "    ld s0, " + std::to_string(8 * i) + "(s9)\n    result t" + n + ", s0\n";
        }
        text += "    exit 0\n    .data\n    .balign 8\npointer: .dword MTIME\nplace: .space 64\ntable: .space 2048\n";
    }
};

readings make(std::uint64_t seed) {
    std::mt19937_64 random(seed);
    const auto below = [&](unsigned n) { return static_cast<unsigned>(random() % n); };
    readings r;
    r.add("li s8, MTIME", 2);
    r.add("li s10, MTIMECMP", 1);
    r.add("la s7, place", 2);
    r.add("la s6, pointer", 2);
    r.add("la s9, table", 2);
    r.add("li a5, -1");
    while (r.expected.size() < 80) {
        const auto offset = std::to_string(8 * (static_cast<int>(below(200)) - 100));
        const std::string a = "a" + std::to_string(below(5)), s = "s" + std::to_string(below(2));
        r.text += below(2) ? "    .option rvc\n" : "    .option norvc\n";
        switch (below(23)) {
        case 0:
            r.read_time("lw a0, 0(s8)", "a0");
            break;
        case 1: // the upper half is read later and 0
            r.read_time("ld a1, 0(s8)", "a1", 2);
            break;
        case 2:
            r.read_time("lwu a2, 0(s8)", "a2");
            break;
        case 3: // compressed where it may be
            r.add("mv a3, s8");
            r.read_time("lw a4, 0(a3)", "a4");
            break;
        case 4: // the base is overwritten
            r.add("mv " + a + ", s8");
            r.read_time("ld " + a + ", 0(" + a + ")", a, 2);
            break;
        case 5:
            r.add("addi " + a + ", s8, -(" + offset + ")");
            r.read_time("lw a0, " + offset + "(" + a + ")", "a0");
            break;
        case 6:
            r.read_time("lr.w a0, (s8)", "a0");
            break;
        case 7: // accesses to RAM with the same offsets
            r.add("ld a0, 0(s7)");
            r.add("sd a1, 8(s7)");
            r.add("amoadd.d a2, a3, (s7)");
            break;
        case 8: // all ones: no interrupt
            r.add_access("sw a5, 4(s10)");
            break;
        case 9:
            r.add_access("sd a5, 0(s10)", 2);
            break;
        case 10:
            r.add_access("amoor.w a0, zero, (s10)", 2);
            break;
        case 11:
            r.add_access("amoor.d a0, zero, (s10)", 4);
            break;
        case 12: // a new block
            r.add("j 1f\n1:");
            break;
        case 13: {
            const auto cycles = static_cast<std::int64_t>(static_cast<double>(r.now_ps()) / 1000);
            r.add("csrr " + a + (below(2) ? ", cycle" : ", mcycle"));
            r.keep(a, cycles);
            break;
        }
        case 14: {
            const auto count = r.instructions;
            r.add("csrr " + s + (below(2) ? ", instret" : ", minstret"));
            r.keep(s, count);
            break;
        }
        case 15: // by the stack pointer, compressed where it may be
            r.add("addi sp, s8, -40");
            r.read_time("lw a0, 40(sp)", "a0");
            r.read_time("ld a1, 40(sp)", "a1", 2);
            break;
        case 16:
            r.add("addi sp, s10, -16");
            r.add_access("sw a5, 20(sp)");
            r.add_access("sd a5, 16(sp)", 2);
            break;
        case 17:
            r.add("mv a3, s10");
            r.add_access("sw a5, 4(a3)");
            r.add_access("sd a5, 0(a3)", 2);
            break;
        case 18: // to compare, the library reads
            r.add_access("lr.w a0, (s10)");
            r.add_access("sc.w a1, a5, (s10)", 2);
            break;
        case 19: // a pointer is loaded into its own register
            r.add("mv a3, s6");
            r.add("ld a3, 0(a3)");
            r.read_time("lw a4, 0(a3)", "a4");
            break;
        case 20:
            r.add("mv a0, s6");
            r.add("ld a0, 0(a0)");
            r.read_time("ld a0, 0(a0)", "a0", 2);
            break;
        case 21: // the same register of a device twice, made anew in between
            r.add("mv a0, s8");
            r.read_time("lw a0, 0(a0)", "a0");
            r.add("mv a0, s8");
            r.read_time("lw a0, 0(a0)", "a0");
            break;
        default:
            r.add("mul a0, a1, a2");
        }
    }
    r.print();
    return r;
}

} // namespace

TEST(access_time, of_any_access_in_any_block) {
    NEEDS_GUESTS();
    const auto seed = random_seed(30);
    for (std::uint64_t i = 0; i < 6; ++i) {
        const auto expected = make(seed + i);
        const guest g(expected.text);
        for (const auto& quantum : quanta()) {
            const auto r = run_guest(g, sets({"peripherals.tick_mhz=1000000"}) + at_quantum(quantum));
            for (std::size_t n = 0; n < expected.expected.size(); ++n)
                ASSERT_EQ(r.integer("t" + std::to_string(n)), expected.expected[n])
                    << "guest " << i << ", quantum " << quantum << ", reading " << n;
            EXPECT_EQ(r.statistic("core0.accesses"), static_cast<double>(expected.accesses));
        }
    }
}
