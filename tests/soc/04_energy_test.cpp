// Energy: instructions, and the bytes that cross buses.
#include "guest.h"

#include <cmath>

using namespace cimtlm::test;

namespace {

/// 9 loads of a word and 7 stores of a byte.
const std::string accesses = R"(
    li s1, MTIME
    li s0, 9
1:  lw t0, 0(s1)
    addi s0, s0, -1
    bnez s0, 1b
    li s1, UART
    li s0, 7
1:  sb s0, 7(s1) /* means nothing */
    addi s0, s0, -1
    bnez s0, 1b
    exit 0
)";

double sum_of_parts(const guest_run& r) {
    double sum = 0;
    for (const auto& part : r.results.at("energy").as_object()) sum += number(part.value());
    return sum;
}

} // namespace

TEST(energy, of_cores_and_bus) {
    NEEDS_GUESTS();
    const guest g(accesses);
    for (const double pj : {70.0, 12.5, 0.0})
        for (const double per_byte : {0.5, 0.0, 3.0}) {
            const auto r = run_guest(g, sets({"core.instruction_energy_pj=" + std::to_string(pj),
                                              "bus.energy_pj_per_byte=" + std::to_string(per_byte)}));
            EXPECT_EQ(r.instructions(), 2 + 1 + 27 + 1 + 1 + 21 + 5);
            EXPECT_DOUBLE_EQ(r.energy_pj("core0"), static_cast<double>(r.instructions()) * pj);
            EXPECT_DOUBLE_EQ(r.energy_pj("bus"), (9 * 4 + 7) * per_byte);
            EXPECT_EQ(r.statistic("bus.bytes_read"), 36);
            EXPECT_EQ(r.statistic("bus.bytes_write"), 7);
            EXPECT_EQ(r.statistic("bus.accesses_read"), 9);
            EXPECT_EQ(r.statistic("bus.accesses_write"), 7);
            EXPECT_DOUBLE_EQ(r.value("energy_pj"), sum_of_parts(r));
        }
}

TEST(energy, of_each_core) {
    NEEDS_GUESTS();
    const guest g(R"(
    li t1, 10000
    bnez a0, 1f
2:  addi t1, t1, -1
    bnez t1, 2b
    exit 0
1:  addi a0, a0, -1
    bnez a0, 1b
    nop
3:  wfi
    j 3b
)");
    const auto r = run_guest(g, sets({"core.count=4", "core.instruction_energy_pj=2"}));
    for (int i = 1; i < 4; ++i)
        EXPECT_EQ(r.energy_pj("core" + std::to_string(i)), 2 * (3 + 2 * i + 2)) << i; // li: 2 instructions
    EXPECT_EQ(r.energy_pj("core0"), 2 * (3 + 20000 + 5));
}

// What the device does is in the total, and the same whatever the quantum.
TEST(energy, of_devices) {
    NEEDS_GUESTS();
    double device = -1;
    for (const auto& quantum : quanta()) {
        const auto r =
            run_guest("gemm", std::vector<std::string>{"m=8", "n=8", "k=8", "wait=poll"} + at_quantum(quantum));
        double own = 0;
        for (const auto& part : r.results.at("energy").as_object())
            if (std::string(part.key()).rfind("cim0.", 0) == 0) own += number(part.value());
        EXPECT_GT(own, 0);
        if (device < 0) device = own;
        EXPECT_EQ(own, device);
        EXPECT_NEAR(r.value("energy_pj"), sum_of_parts(r), 1e-6 * sum_of_parts(r));
    }
}

// On the way to a device behind the second bus bytes are counted on both, at a core's own port on that alone.
TEST(energy, of_the_way_to_a_device) {
    NEEDS_GUESTS();
    const guest g("    li s1, CIM\n    lw t0, 0(s1)\n    lw t0, 4(s1)\n    sw t0, 0x64(s1)\n    exit 0\n");
    const auto at = [&](const std::string& where) {
        return run_guest(g, sets({"cim.attachment=" + where, "bus.energy_pj_per_byte=1", "io_bus.energy_pj_per_byte=10",
                                  "core_port.energy_pj_per_byte=100"}));
    };
    EXPECT_EQ(at("bus").energy_pj("bus"), 12);
    const auto behind = at("io_bus");
    EXPECT_EQ(behind.energy_pj("bus"), 12);
    EXPECT_EQ(behind.energy_pj("io_bus"), 120);
    const auto own = at("core");
    EXPECT_EQ(own.energy_pj("bus"), 0);
    EXPECT_EQ(own.energy_pj("core_port0"), 1200);
}
