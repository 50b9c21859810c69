/// `--set key=value` changes one place of the same tree, under the same rules.
#include "config_test_tools.h"

using namespace cimtlm;
using namespace cimtlm::config_test;

namespace {

machine with(const std::string& name, const std::vector<std::string>& sets) { return load_machine(name, sets).value; }

std::string refused_set(const std::string& set, const std::string& name = "rf_digital_6t") {
    return refusal([&] { load_machine(name, {set}); });
}

TEST(set, values) {
    EXPECT_EQ(with("rf_digital_6t", {"cim.macro.mac_energy_pj=0.2"}).cim->published().mac_energy_pj, 0.2);
    EXPECT_EQ(with("rf_digital_6t", {"cim.macro.latency_ps=9 ns"}).cim->published().latency_ps, 9000);
    EXPECT_EQ(with("rf_digital_6t", {"mapper.bank_order=k_first"}).mapper.bank_order, bank_order::k_first);
    EXPECT_FALSE(with("rf_digital_6t", {"dma.double_buffer=false"}).dma.double_buffer);
    EXPECT_EQ(with("rf_digital_6t", {"host.issue=gemm"}).host.issue, host_issue::gemm);
    EXPECT_EQ(with("rf_digital_6t", {"cim.mac_energy_basis=mac"}).cim->mac_energy_basis, energy_basis::mac);
    EXPECT_EQ(with("rf_digital_6t", {"name=other"}).name, "other");
    EXPECT_EQ(with("rf_digital_6t", {"description=a=b"}).description, "a=b") << "the first '=' divides";
}

TEST(set, levels_with_and_without_memories) {
    EXPECT_EQ(with("rf_digital_6t", {"smem.capacity_bytes=128KiB"}).memories[1].capacity_bytes, 131072);
    EXPECT_EQ(with("rf_digital_6t", {"memories.smem.capacity_bytes=128KiB"}).memories[1].capacity_bytes, 131072);
    EXPECT_EQ(with("rf_digital_6t", {"dram.dram.t_refi_ps=0"}).memories[0].dram->t_refi_ps, 0);
    EXPECT_EQ(with("rf_digital_6t", {"smem.keeps=[A]"}).memories[1].keeps, std::vector<tensor>{tensor::A});
    EXPECT_EQ(with("rf_digital_6t", {"smem=null"}).memories.size(), 1u);
    EXPECT_FALSE(with("rf_digital_6t", {"dram.dram="}).memories[0].dram) << "an empty value takes an optional away";
}

TEST(set, a_part_takes_the_place_of_the_whole) {
    const auto m = with("rf_digital_6t", {"cim.macro.mac_energy_pj=0.2", "cim.macro=analog_6t"});
    EXPECT_EQ(m.cim->published().name, "analog_6t");
    EXPECT_EQ(m.cim->published().mac_energy_pj, 0.15);
    EXPECT_EQ(m.cim->published().columns_held, 16);
    const auto later = with("rf_digital_6t", {"cim.macro=analog_6t", "cim.macro.mac_energy_pj=0.2"});
    EXPECT_EQ(later.cim->published().mac_energy_pj, 0.2) << "options apply from left to right";
    EXPECT_EQ(with("rf_digital_6t", {"cim.macro={part: analog_8t, input_bits: 4}"}).cim->published().input_bits, 4);
}

TEST(set, the_source_says_so) {
    const auto loaded =
        load_machine("rf_digital_6t", {"cim.macro.mac_energy_pj=0.2", "cim.count={value: 2, source: mine}"});
    EXPECT_EQ(loaded.sources.at("cim.macro.mac_energy_pj"), "--set cim.macro.mac_energy_pj=0.2");
    EXPECT_EQ(loaded.sources.at("cim.count"), "mine");
}

TEST(set, refusals_name_the_option_and_the_nearest_key) {
    EXPECT_EQ(
        refused_set("cim.marco.latency_ps=1"),
        "--set cim.marco.latency_ps=1: unknown key 'marco' in 'cim'; did you mean 'macro'? allowed: macro, count, "
        "replaces, mac_energy_basis, addition_energy_pj, native, place, part, source");
    EXPECT_EQ(refused_set("smme.capacity_bytes=1"),
              "--set smme.capacity_bytes=1: unknown key 'smme'; did you mean 'smem'? allowed: dram, smem, name, "
              "description, technology, memories, cim, tensor_core, dispatcher, vector_unit, bus, dma, host, mapper, "
              "device, static_power_mw");
    EXPECT_EQ(refused_set("memories.smme.capacity_bytes=1"),
              "--set memories.smme.capacity_bytes=1: unknown name in 'memories' 'smme'; did you mean 'smem'? allowed: "
              "dram, smem");
    EXPECT_EQ(refused_set("rf.capacity_bytes=1").substr(0, 40), "--set rf.capacity_bytes=1: unknown key '");
    EXPECT_EQ(refused_set("smem.capacity_bytes=9 ns"),
              "--set smem.capacity_bytes=9 ns: 'memories.smem.capacity_bytes' is in B; 'ns' is no unit for it; "
              "allowed: B, KiB, MiB, GiB, kB, MB, GB");
    EXPECT_EQ(refused_set("cim.count=x"), "--set cim.count=x: 'cim.count' needs a number, not 'x'");
    EXPECT_EQ(refused_set("cim.count="), "--set cim.count=: 'cim.count' has no value; it needs a whole number");
    EXPECT_EQ(refused_set("cim.count=0"), "--set cim.count=0: cim.count must be above 0");
    EXPECT_EQ(refused_set("cim.count.x=0"),
              "--set cim.count.x=0: unknown key 'x' in 'cim.count'; allowed: value, range, source");
    EXPECT_EQ(refused_set("cim.macro=analog_7t").substr(0, 80),
              "--set cim.macro=analog_7t: unknown part 'analog_7t'; did you mean 'analog_6t'? a");
    EXPECT_EQ(refused_set("cim.count"), "--set cim.count: needs the form key=value");
    EXPECT_EQ(refused_set("=3"), "--set =3: needs the form key=value");
    for (const auto* path : {"cim..count=1", ".cim=1", "cim.=1"})
        EXPECT_EQ(refused_set(path),
                  std::string("--set ") + path + ": a key is names with '.' between, as in cim.macro.latency_ps");
    EXPECT_EQ(refused_set("smem.keeps=[A").substr(0, 21), "--set smem.keeps=[A: ");
    EXPECT_NE(refused_set("extends=rf_analog_6t"), "");
    EXPECT_NE(refused_set(std::string(5000, 'a') + "=1"), "");
    EXPECT_NE(refused_set("memories=x"), "");
    EXPECT_NE(refused_set("cim=null"), "");
}

} // namespace
