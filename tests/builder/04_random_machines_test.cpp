// Machines put together at random: no standstill, no run faster than its bound, every byte where the mapping wants it.
#include "run_in_child.h"

#include <cstdlib>
#include <random>

namespace cimtlm {
namespace {

class dice {
public:
    explicit dice(unsigned seed)
        : random_(seed) {}
    std::int64_t pick(std::vector<std::int64_t> values) {
        return values[std::uniform_int_distribution<std::size_t>(0, values.size() - 1)(random_)];
    }
    bool flip() { return pick({0, 1}) == 1; }

private:
    std::mt19937 random_;
};

machine random_machine(dice& d) {
    const char* names[] = {"tensor_core",   "rf_analog_6t",    "rf_digital_6t",
                           "rf_digital_8t", "smem_digital_6t", "smem_analog_6t_iso_area"};
    auto m = study_machine(names[d.pick({0, 1, 2, 3, 4, 5})]);
    m.dma.double_buffer = d.flip();
    m.dma.arbitration_bytes = d.pick({64, 1000, 4096, 16384, 1 << 20});
    m.bus.bytes_per_cycle = static_cast<double>(d.pick({0, 4, 32, 64}));
    m.host.issue = d.flip() ? host_issue::gemm : host_issue::tile;
    m.host.command_cycles = static_cast<double>(d.pick({0, 100, 3000}));
    m.host.queue_depth = d.pick({1, 2, 4});
    m.host.command_energy_pj = static_cast<double>(d.pick({0, 11}));
    m.bus.energy_pj_per_byte = static_cast<double>(d.pick({0, 3}));
    m.mapper.kind = d.flip() ? mapper_kind::rules : mapper_kind::search;
    m.memories[0].dram->half_duplex = d.flip();
    m.memories[0].dram->banks = d.pick({1, 8});
    if (d.flip()) m.memories[0].dram->t_refi_ps = 0;
    if (m.cim) {
        m.cim->published().ping_pong = d.flip();
        m.cim->published().write_bytes_per_cycle = static_cast<double>(d.pick({0, 1, 32}));
    }
    for (std::size_t i = 1; i < m.memories.size(); ++i)
        if (m.memories[i].kind == memory_kind::sram) m.memories[i].capacity_bytes = d.pick({16384, 65536, 262144, 0});
    if (d.flip()) {
        auto outer = study_machine("rf_digital_6t").memories[1];
        outer.name = "l2";
        outer.capacity_bytes = d.pick({1 << 19, 1 << 21});
        outer.keeps = {tensor::A, tensor::Z};
        if (d.flip()) outer.keeps.push_back(tensor::B);
        m.memories.insert(m.memories.begin() + 1, outer);
    }
    return m;
}

TEST(RandomMachines, KeepTheInvariants) {
    const char* given = std::getenv("CIMTLM_SEED"); // another stretch of the same road
    const unsigned seed = given ? static_cast<unsigned>(std::atoi(given)) : 7411;
    RecordProperty("seed", static_cast<int>(seed));
    dice d(seed);
    int mapped = 0;
    for (int i = 0; i < 400; ++i) {
        const auto m = random_machine(d);
        auto g =
            product(d.pick({1, 7, 64, 100, 512}), d.pick({1, 16, 130, 256, 1000}), d.pick({1, 64, 147, 512, 2304}));
        if (d.flip()) g.bits.partial = 32;
        g.b_is_activation = d.flip();
        SCOPED_TRACE("seed " + std::to_string(seed) + ", case " + std::to_string(i) + ": " + m.name + " " +
                     std::to_string(g.m) + "," + std::to_string(g.n) + "," + std::to_string(g.k));
        const auto bound = run_in_child(m, only(g), {}, fidelity::bound);
        const std::string fault = bound.figures.fault;
        if (fault.find("no mapping") != std::string::npos) continue; // a shared memory too small for the rules
        ASSERT_EQ(fault, "");
        ++mapped;
        const auto tile = run_in_child(m, only(g));
        ASSERT_STREQ(tile.figures.fault, "");
        const auto& t = tile.figures;
        EXPECT_GE(t.time_ps, bound.figures.time_ps);
        EXPECT_EQ(t.stall_sum(), t.time_ps - t.bound_ps);
        EXPECT_EQ(t.tiles, t.mapped_tiles);
        EXPECT_EQ(t.traffic, bound.figures.traffic);
        EXPECT_NEAR(t.energy_pj, bound.figures.energy_pj, 1e-9 * t.energy_pj);
        for (auto busy : t.busy) EXPECT_LE(busy, static_cast<double>(t.time_ps));
        if (testing::Test::HasFailure()) break; // one case is enough to look at
    }
    EXPECT_GT(mapped, 200);
}

} // namespace
} // namespace cimtlm
