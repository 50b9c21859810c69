/// Do time and energy of a product through the device equal those of the same product run from a trace on the same
/// machine?
#include "builder/run_in_child.h"
#include "device_bench.h"

#include <random>

namespace {
using namespace device_test;

struct figures {
    double time_ps, energy_pj;
};

/// The products one after another through registers, each measured by itself.
std::vector<figures> through_device(machine m, const std::vector<gemm>& products, bool data) {
    m.device = device_parameters{};
    m.device->dma.split = dma_split::operand;
    cim_device_options options;
    options.data = data;
    device_bench<64> b(m, options, data);
    std::vector<figures> result;
    b.run([&] {
        ASSERT_EQ(cim_probe(&b.cim, &b.io), CIM_OK);
        ASSERT_EQ(cim_mode(&b.cim, CIM_MODE_COMPUTE), CIM_OK);
        const auto energy = [&] { return b.energy.total_pj() + b.device.energy().total_pj(); };
        std::int64_t busy_before = 0;
        for (const auto& p : products) {
            struct cim_gemm g = {};
            g.m = static_cast<std::uint32_t>(p.m);
            g.n = static_cast<std::uint32_t>(p.n);
            g.k = static_cast<std::uint32_t>(p.k);
            g.a_bits = static_cast<std::uint32_t>(p.bits.a);
            g.b_bits = static_cast<std::uint32_t>(p.bits.b);
            g.z_bits = 32;
            g.a = memory_address;
            g.b = g.a + static_cast<std::uint64_t>(p.m * p.k * p.bits.a / 8);
            g.z = (g.b + static_cast<std::uint64_t>(p.k * p.n * p.bits.b / 8) + 3) / 4 * 4;
            const auto before = energy();
            ASSERT_EQ(cim_gemm(&b.cim, &g), CIM_OK) << cim_error_text(b.cim.error.code);
            const auto busy = static_cast<std::int64_t>(cim_count(&b.cim, CIM_COUNT_BUSY));
            result.push_back({static_cast<double>(busy - busy_before) * m.cycle_ps(), energy() - before});
            busy_before = busy;
        }
    });
    return result;
}

struct design {
    const char* machine;
    std::vector<std::string> settings;
};

void compare(const design& d, int count, unsigned seed, bool data) {
    std::mt19937 random(seed);
    auto m = study_machine(d.machine, d.settings);
    m.memories.front().dram->t_refi_ps = 0; // it would hit short products at different moments
    std::vector<gemm> products;
    work_list work;
    for (int i = 0; i < count; ++i) {
        const auto pick = [&](std::vector<std::int64_t> values) {
            return values[std::uniform_int_distribution<std::size_t>(0, values.size() - 1)(random)];
        };
        auto g = product(pick({16, 49, 64, 100, 196, 257, 512}), pick({16, 24, 64, 130, 256}),
                         pick({25, 64, 147, 256, 576}));
        g.bits = {8, 8, 32, 32};
        if (i % 5 == 0) g.bits.a = 16;
        if (i % 7 == 0) g.bits.b = 16;
        products.push_back(g);
        work.push_back(g);
    }
    const auto trace = run_in_child(m, work);
    ASSERT_STREQ(trace.figures.fault, "");
    ASSERT_EQ(trace.layers.size(), products.size());
    const auto device = through_device(m, products, data);
    ASSERT_EQ(device.size(), products.size());
    double worst_time = 0, worst_energy = 0;
    for (std::size_t i = 0; i < products.size(); ++i) {
        const auto& g = products[i];
        SCOPED_TRACE(std::string(d.machine) + " seed " + std::to_string(seed) + ": " + std::to_string(g.m) + "," +
                     std::to_string(g.n) + "," + std::to_string(g.k) + " bits " + std::to_string(g.bits.a) + "," +
                     std::to_string(g.bits.b));
        // What the host takes until its command is there is not the device's time.
        const auto time = static_cast<double>(trace.layers[i].time_ps - trace.layers[i].host_issue_ps);
        const auto energy = trace.layers[i].energy_pj;
        EXPECT_NEAR(device[i].time_ps, time, 0.02 * time);
        EXPECT_NEAR(device[i].energy_pj, energy, 0.02 * energy);
        worst_time = std::max(worst_time, std::abs(device[i].time_ps / time - 1));
        worst_energy = std::max(worst_energy, std::abs(device[i].energy_pj / energy - 1));
    }
    std::printf("%s: largest difference of time %.3f %%, of energy %.3f %%\n", d.machine, 100 * worst_time,
                100 * worst_energy);
}

const design designs[] = {{"smem_digital_6t", {}},
                          {"smem_analog_6t", {"mapper.kind=search"}},
                          {"smem_digital_8t", {}},
                          {"rf_digital_6t", {}},
                          {"rf_analog_8t", {}}};

class device_and_trace : public testing::TestWithParam<design> {};
TEST_P(device_and_trace, take_the_same_time_and_energy) { compare(GetParam(), 60, 20261120, false); }
TEST_P(device_and_trace, take_the_same_time_and_energy_with_data) { compare(GetParam(), 10, 7, true); }
INSTANTIATE_TEST_SUITE_P(designs, device_and_trace, testing::ValuesIn(designs),
                         [](const auto& info) { return std::string(info.param.machine); });

} // namespace
