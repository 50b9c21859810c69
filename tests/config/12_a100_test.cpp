/// The A100-like chips: what NVIDIA says of the machine, equal area, and where each figure comes from.
#include "config_test_tools.h"

#include <cimtlm/machine/iso_area.h>
#include <cimtlm/machine/unit_group.h>

#include <algorithm>

using namespace cimtlm;
using namespace cimtlm::config_test;

namespace {

const std::vector<std::string> cim_designs = {"a100/cim_rf", "a100/cim_smem", "a100/cim_l2", "a100/cim_hybrid"};
const std::vector<std::string> sram_macros = {"analog_6t", "analog_8t", "digital_6t", "digital_8t"};

const memory_level& level_of(const machine& m, const std::string& name) {
    return m.memories.at(static_cast<std::size_t>(m.memory_index(name)));
}

TEST(a100, is_found_by_its_name) {
    const auto known = list_machines();
    for (const auto* name :
         {"a100/tensor_core", "a100/cim_rf", "a100/cim_smem", "a100/cim_l2", "a100/cim_hybrid", "tensor_core"}) {
        EXPECT_NE(std::find(known.begin(), known.end(), name), known.end()) << name;
        EXPECT_EQ(load_machine(name).value.name, name);
    }
    EXPECT_NE(refusal([] { load_machine("a100/tensor_cor"); }), "");
}

TEST(a100, tensor_cores_have_the_published_peak) {
    const auto m = load_machine("a100/tensor_core").value;
    EXPECT_NEAR(2 * whole_peak_macs_per_ps(m), 624, 6.24);
    EXPECT_EQ(whole_engine_count(m), 432);
    EXPECT_EQ(m.static_power_mw, 66500);
    EXPECT_EQ(m.technology.clock_mhz, 1410);
    EXPECT_EQ(m.mapper.kind, mapper_kind::search);
    EXPECT_EQ(m.host.issue, host_issue::gemm);
}

TEST(a100, one_technology_for_all) {
    const technology_point here{7, 0.8, flavour::hp};
    for (const auto& name : list_machines()) {
        if (name.rfind("a100/", 0) != 0) continue;
        auto m = load_machine(name).value;
        EXPECT_EQ(m.technology.point(), here) << name;
        EXPECT_TRUE(m.technology.scale_delay) << name;
        for (const auto& part : technology_parts(m)) EXPECT_EQ(*part.native, here) << name << ": " << part.path;
    }
    const auto native = load_machine("a100/cim_rf", {"technology.scale_delay=false"}).value;
    EXPECT_EQ(native.cim->published().latency_ps, 18000);
    EXPECT_LT(load_machine("a100/cim_rf").value.cim->published().latency_ps, 18000 / 2);
}

TEST(a100, as_many_arrays_as_fit_in_the_place) {
    for (const auto& name : cim_designs)
        for (const auto& macro : sram_macros) {
            const auto m = load_machine(name, {"cim.macro=" + macro}).value;
            SCOPED_TRACE(name + " " + macro);
            const auto place = memory_replaced(m);
            const double array = m.matrix_engine()->area_um2();
            const auto count = static_cast<double>(m.cim->count);
            EXPECT_GT(array, 0);
            EXPECT_GE(m.cim->count, 1);
            EXPECT_LE(count * array, place.share * place.area_um2 * (1 + 1e-9));
            EXPECT_GT((count + 1) * array, place.share * place.area_um2);
            EXPECT_GT(place.left_bytes, 0);
        }
}

TEST(a100, left_and_taken_are_the_whole) {
    const auto base = load_machine("a100/tensor_core").value;
    const auto rf = memory_replaced(load_machine("a100/cim_rf").value);
    EXPECT_EQ(rf.capacity_bytes, 4 * level_of(base, "rf").capacity_bytes);
    EXPECT_NEAR(rf.area_um2, 4 * level_of(base, "rf").area_um2, 1);
    EXPECT_EQ(rf.left_bytes, 64 << 10);

    const auto smem = load_machine("a100/cim_smem").value;
    const auto& whole = level_of(base, "smem");
    const auto place = memory_replaced(smem);
    EXPECT_EQ(place.capacity_bytes, whole.capacity_bytes);
    EXPECT_DOUBLE_EQ(place.area_um2, whole.area_um2);
    EXPECT_EQ(level_of(smem, "smem").capacity_bytes, 41 << 10);
    EXPECT_DOUBLE_EQ(level_of(smem, "smem").area_um2 + place.share * place.area_um2, whole.area_um2);

    for (const auto* name : {"a100/cim_l2", "a100/cim_hybrid"}) {
        const auto m = load_machine(name).value;
        const auto slice = memory_replaced(m);
        EXPECT_EQ(cim_units(m), 80);
        EXPECT_EQ(slice.capacity_bytes * 80, level_of(base, "l2").capacity_bytes);
        EXPECT_EQ(slice.left_bytes * 80, 20 << 20);
        EXPECT_NEAR(slice.area_um2 * 80, level_of(base, "l2").area_um2, 1);
    }
}

TEST(a100, area_of_arrays_and_memory_is_that_of_the_memory_before) {
    // Nothing grows: the hybrid chip is smaller than the one it comes from by less than an array a slice.
    const auto base = load_machine("a100/tensor_core").value, hybrid = load_machine("a100/cim_hybrid").value;
    const double less = whole_area_um2(base) - whole_area_um2(hybrid);
    EXPECT_GE(less, 0);
    EXPECT_LT(less, 80 * hybrid.matrix_engine()->area_um2());
    // Registers that are left stand in the area though they are no level.
    const auto rf = load_machine("a100/cim_rf").value;
    const auto grids = 432 * 512 * base.tensor_core->mac_area_um2;
    const double rf_less = whole_area_um2(base) - grids - whole_area_um2(rf);
    EXPECT_GE(rf_less, -1);
    EXPECT_LT(rf_less, 108 * rf.matrix_engine()->area_um2());
}

TEST(a100, shares_change_count_and_capacity_in_proportion) {
    for (const double share : {0.25, 0.5, 0.9}) {
        const auto set = "cim.place.share=" + std::to_string(share);
        const auto rf = load_machine("a100/cim_rf", {set}).value, smem = load_machine("a100/cim_smem", {set}).value;
        EXPECT_EQ(rf.cim->count, static_cast<std::int64_t>(share * 256 / (4 * 1.4)));
        EXPECT_EQ(smem.cim->count, static_cast<std::int64_t>(share * 164 / (4 * 1.4)));
        EXPECT_NEAR(static_cast<double>(level_of(smem, "smem").capacity_bytes), (1 - share) * 164 * 1024, 1);
    }
    for (const int ways : {1, 4, 15}) {
        const auto l2 = load_machine("a100/cim_l2", {"l2.cache.compute_ways=" + std::to_string(ways)}).value;
        EXPECT_EQ(l2.cim->count, static_cast<std::int64_t>(ways * 32 / (4 * 1.4)));
        EXPECT_EQ(memory_replaced(l2).left_bytes, (16 - ways) * 32 << 10);
    }
    EXPECT_NE(refusal([] { load_machine("a100/cim_l2", {"l2.cache.compute_ways=0"}); }), "");
}

TEST(a100, phase_change_cores_share_the_place_of_several_slices) {
    for (const auto* name : {"a100/cim_l2", "a100/cim_hybrid"}) {
        const auto m = load_machine(name, {"cim.macro=pcm_hermes"}).value;
        const auto place = memory_replaced(m);
        const double core = m.matrix_engine()->area_um2();
        EXPECT_NEAR(core, 1.008 / 1.59 * 1e6, 100);
        EXPECT_EQ(m.cim->place->slices * cim_units(m), 80);
        EXPECT_GE(place.share * place.area_um2, core);
        // With the next smaller number of slices that divides 80 none fits.
        EXPECT_EQ(m.cim->place->slices, 10);
        EXPECT_LT(place.share * place.area_um2 * 8 / 10, core);
        EXPECT_EQ(m.cim->count, 1);
        EXPECT_EQ(m.cim->published().latency_ps, 130000) << "no logic node scales it";
        EXPECT_FALSE(m.matrix_engine()->volatile_weights());
    }
    // An SM has no place for one, and the message says by how much.
    for (const auto* name : {"a100/cim_rf", "a100/cim_smem"}) {
        const auto text = refusal([&] { load_machine(name, {"cim.macro=pcm_hermes"}); });
        EXPECT_NE(text.find("an array takes 6.339e+05 um2, the place left for CiM is"), std::string::npos) << text;
    }
    EXPECT_EQ(load_machine("a100/cim_smem", {"cim.macro=pcm_hermes", "cim.count=1"}).value.cim->count, 1);
    EXPECT_NE(refusal([] { load_machine("a100/cim_l2", {"cim.place.slices=3"}); }), "");
}

TEST(a100, a_byte_of_dram_traffic_costs_the_measured_path_once) {
    const auto loaded = load_machine("a100/tensor_core");
    const auto& m = loaded.value;
    const auto &dram = level_of(m, "dram"), &l2 = level_of(m, "l2"), &smem = level_of(m, "smem");
    const double read = dram.read_energy_pj_per_byte + l2.fill_energy_pj_per_byte + l2.read_energy_pj_per_byte +
                        m.bus.energy_pj_per_byte + smem.fill_energy_pj_per_byte;
    EXPECT_NEAR(read, 118, 0.5);
    const double written = m.bus.energy_pj_per_byte + l2.update_energy_pj_per_byte + l2.read_energy_pj_per_byte +
                           dram.update_energy_pj_per_byte;
    EXPECT_NEAR(written, 118, 0.5);
}

TEST(a100, every_energy_has_a_range_that_holds_it) {
    for (const auto& name : list_machines()) {
        if (name.rfind("a100/", 0) != 0) continue;
        const auto loaded = load_machine(name);
        auto copy = loaded.value;
        for (const auto& part : technology_parts(copy))
            for (const auto& figure : part.figures) {
                if (figure.kind != figure_kind::energy || *figure.value == 0) continue;
                const auto range = loaded.ranges.find(figure.path);
                ASSERT_NE(range, loaded.ranges.end()) << name << ": " << figure.path;
                EXPECT_LT(range->second.low, range->second.high) << figure.path;
                EXPECT_LE(range->second.low, *figure.value * (1 + 1e-12)) << figure.path;
                EXPECT_GE(range->second.high, *figure.value * (1 - 1e-12)) << figure.path;
            }
        for (const auto* path :
             {"memories.dram.read_energy_pj_per_byte", "memories.dram.update_energy_pj_per_byte", "static_power_mw"})
            EXPECT_EQ(loaded.ranges.count(path), 1u) << name << ": " << path;
    }
}

} // namespace
