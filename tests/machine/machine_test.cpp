// What a machine derives from its parts, and what it refuses.
#include "study_machines.h"

#include <cimtlm/base/error.h>

#include <gtest/gtest.h>

namespace cimtlm {
namespace {

std::string refusal(const machine& m) {
    try {
        m.validate("machine.yaml");
    } catch (const input_error& e) {
        return e.what();
    }
    return "";
}

TEST(Machine, PeakIsThatOfTheStudy) {
    // 2 Rp Cp arrays / latency: 170.67, 7.11, 1365.3, 4.39 GOPS with 3, 2, 3, 4 arrays (arXiv 2312.15896).
    const auto gops = [](const machine& m) { return 2e3 * m.peak_macs_per_ps(); };
    EXPECT_NEAR(gops(study::rf("analog_6t", 3)), 170.67, 0.01);
    EXPECT_NEAR(gops(study::rf("analog_8t", 2)), 7.11, 0.01);
    EXPECT_NEAR(gops(study::rf("digital_6t", 3)), 1365.33, 0.01);
    EXPECT_NEAR(gops(study::rf("digital_8t", 4)), 4.39, 0.01);
    EXPECT_NEAR(gops(study::tensor_core()), 2048, 1e-9); // 1024 MACs a ns
}

TEST(Machine, AreaAddsUp) {
    auto m = study::rf("digital_6t", 3);
    m.memories[1].area_um2 = 1000;
    m.memories[0].area_um2 = 1e9; // DRAM is not on the chip
    m.vector_unit.area_um2 = 10;
    m.cim->published().sram_area_um2_per_byte = 2;
    EXPECT_NEAR(m.area_um2(), 1000 + 10 + 3 * 4096 * 1.4 * 2, 1e-6);
    auto t = study::tensor_core();
    t.tensor_core->mac_area_um2 = 5;
    t.memories[2].area_um2 = 7;
    t.memories[3].area_um2 = 0.5;
    EXPECT_NEAR(t.area_um2(), 1024 * 5 + 4 * 7 + 1024 * 0.5, 1e-6);
}

TEST(Machine, ValidMachinesPass) {
    EXPECT_EQ(refusal(study::tensor_core()), "");
    for (const auto* name : {"analog_6t", "analog_8t", "digital_6t", "digital_8t"}) {
        EXPECT_EQ(refusal(study::rf(name)), "");
        EXPECT_EQ(refusal(study::in_smem(name)), "");
    }
}

TEST(Machine, RefusesWhatCannotBe) {
    const auto expect = [](const machine& m, const std::string& part) {
        const auto text = refusal(m);
        EXPECT_NE(text.find("machine.yaml"), std::string::npos) << text;
        EXPECT_NE(text.find(part), std::string::npos) << text;
    };
    auto m = study::rf("digital_6t");
    m.cim.reset();
    expect(m, "no engine");
    m = study::rf("digital_6t");
    m.tensor_core = study::tensor_core().tensor_core;
    expect(m, "two engines");
    m = study::rf("digital_6t");
    m.memories.clear();
    expect(m, "memories is empty");
    m = study::rf("digital_6t");
    m.memories[1].kind = memory_kind::dram;
    expect(m, "only the outermost memory may be dram");
    m = study::tensor_core();
    std::swap(m.memories[1], m.memories[2]);
    expect(m, "sram stands above");
    m = study::rf("digital_6t");
    m.memories[0].kind = memory_kind::sram;
    expect(m, "outermost memory is dram");
    m = study::rf("digital_6t");
    m.memories[1].fanout = fanout_parameters{"sm", 2, 0, 0, 0};
    expect(m, "memories.smem.fanout");
    for (const auto* name : {"host", "Bank", "weight_write", "DRAM"}) {
        m = study::rf("digital_6t");
        m.memories[1].name = name;
        expect(m, name);
    }
    m = study::rf("digital_6t");
    m.dma.arbitration_bytes = std::int64_t{8} << 30;
    expect(m, "dma.arbitration_bytes");
    m = study::rf("digital_6t");
    m.cim->published().mac_energy_pj = 1e308;
    expect(m, "cim.macro.mac_energy_pj");
    m = study::rf("digital_6t");
    m.memories[0].keeps = {tensor::A};
    expect(m, "must keep A, B and Z");
    m = study::rf("digital_6t");
    m.cim->published().latency_ps = 0;
    expect(m, "cim.macro.latency_ps");
    m = study::rf("digital_6t");
    m.memories[0].read_bytes_per_cycle = -1;
    expect(m, "memories.dram.read_bytes_per_cycle");
    m = study::rf("digital_6t");
    m.host.queue_depth = 0;
    expect(m, "host.queue_depth");
}

} // namespace
} // namespace cimtlm
