/// A machine's file is read strictly: every refusal names file, line, key and what is allowed.
#include "config_test_tools.h"

using namespace cimtlm;
using namespace cimtlm::config_test;

namespace {

TEST(reader, a_small_machine) {
    const auto loaded = parsed(small_machine("mapper: {bank_order: k_first}\n"));
    EXPECT_EQ(loaded.value.name, "m");
    EXPECT_EQ(loaded.value.technology.clock_mhz, 1000);
    ASSERT_EQ(loaded.value.memories.size(), 1u);
    EXPECT_EQ(loaded.value.memories[0].name, "dram");
    ASSERT_TRUE(loaded.value.memories[0].dram);
    EXPECT_EQ(loaded.value.memories[0].dram->t_cl_ps, 16900);
    EXPECT_EQ(loaded.value.cim->published().name, "digital_6t");
    EXPECT_EQ(loaded.value.mapper.bank_order, bank_order::k_first);
    EXPECT_EQ(loaded.value.mapper.bank_threshold, 4) << "a key that is absent leaves the struct's default";
    EXPECT_FALSE(loaded.value.tensor_core);
}

TEST(reader, memories_keep_the_order_of_the_file) {
    const auto loaded = parsed("technology: study_45nm\nmemories: {z: lpddr4, a: smem_256k, m: rf_4k}\n"
                               "tensor_core: tensor_core_16x16\nvector_unit: sm_vector_unit\ndma: block_dma\n");
    ASSERT_EQ(loaded.value.memories.size(), 3u);
    EXPECT_EQ(loaded.value.memories[0].name, "z");
    EXPECT_EQ(loaded.value.memories[1].name, "a");
    EXPECT_EQ(loaded.value.memories[2].name, "m");
}

TEST(reader, unknown_keys) {
    EXPECT_EQ(refused(small_machine("mapper:\n  bank_ordr: ratio\n")),
              "m.yaml:11: unknown key 'bank_ordr' in 'mapper'; did you mean 'bank_order'? allowed: kind, objective, "
              "bank_order, bank_threshold, rf_depth, latch_reuse, part, source");
    EXPECT_EQ(
        refused(small_machine("buss: {}\n")),
        "m.yaml:10: unknown key 'buss' in the machine; did you mean 'bus'? allowed: name, description, technology, "
        "memories, cim, tensor_core, dispatcher, vector_unit, bus, dma, host, mapper, device, static_power_mw, part, "
        "source, "
        "extends");
    EXPECT_NE(refused("memories:\n  dram:\n    name: x\n"), "") << "the key is the name";
    EXPECT_EQ(
        refused(small_machine("bus: {latency_cycles: {value: 1, sauce: x}}\n")),
        "m.yaml:10: unknown key 'sauce' in 'bus.latency_cycles'; did you mean 'source'? allowed: value, range, source");
    EXPECT_NE(refused(small_machine("mapper: {extends: rf_analog_6t}\n")), "") << "only a machine extends";
}

TEST(reader, wrong_values) {
    const auto line10 = [](const std::string& line) { return refused(small_machine(line + "\n")); };
    EXPECT_EQ(line10("mapper: {rf_depth: 1.5}"), "m.yaml:10: 'mapper.rf_depth' needs a whole number, not '1.5'");
    EXPECT_EQ(line10("mapper: {rf_depth: two}"), "m.yaml:10: 'mapper.rf_depth' needs a number, not 'two'");
    EXPECT_EQ(line10("mapper: {rf_depth: [2]}"), "m.yaml:10: 'mapper.rf_depth' needs a whole number");
    EXPECT_EQ(line10("mapper: {rf_depth: }"), "m.yaml:10: 'mapper.rf_depth' has no value; it needs a whole number");
    EXPECT_EQ(line10("mapper: {rf_depth: {source: x}}"), "m.yaml:10: 'mapper.rf_depth' has no 'value'");
    EXPECT_EQ(line10("mapper: {rf_depth: {value: {value: 1}}}"), "m.yaml:10: 'mapper.rf_depth' needs a whole number");
    EXPECT_EQ(line10("mapper: {rf_depth: {value: 1, source: }}"), "m.yaml:10: 'source' needs a text");
    EXPECT_EQ(line10("static_power_mw: 5 ns"),
              "m.yaml:10: 'static_power_mw' is in mW; 'ns' is no unit for it; allowed: mW, nW, uW, W");
    EXPECT_EQ(line10("static_power_mw: .nan"), "m.yaml:10: 'static_power_mw' needs a number, not '.nan'");
    EXPECT_EQ(line10("mapper: {kind: rule}"),
              "m.yaml:10: 'mapper.kind': unknown value 'rule'; did you mean 'rules'? allowed: rules, search");
    EXPECT_EQ(line10("mapper: {kind: [rules]}"), "m.yaml:10: 'mapper.kind' needs one of rules, search");
    EXPECT_EQ(line10("name: [x]"), "m.yaml:10: 'name' needs a text");
    EXPECT_EQ(line10("mapper: [x]"), "m.yaml:10: 'mapper' needs a map or the name of a part");
    EXPECT_EQ(line10("bus: "), "m.yaml:10: 'bus' needs a map or the name of a part");
    EXPECT_EQ(line10("tensor_core: ~"), "m.yaml:10: 'tensor_core' has no value, and there is none to take away");
    EXPECT_EQ(refused("dma:\n  double_buffer: yes\n"), "m.yaml:2: 'dma.double_buffer' needs true or false, not 'yes'");
    EXPECT_EQ(refused("dma: {double_buffer: {}}\n"), "m.yaml:1: 'dma.double_buffer' has no 'value'");
    EXPECT_EQ(refused("memories: lpddr4\n"), "m.yaml:1: 'memories' needs a map of names");
    EXPECT_EQ(refused("memories:\n  a.b: lpddr4\n"),
              "m.yaml:2: 'a.b' in 'memories' is no name: up to 64 letters, digits and '_'");
    EXPECT_EQ(refused("memories:\n  dram: {keeps: A}\n"), "m.yaml:2: 'memories.dram.keeps' needs a list: [a, b]");
    EXPECT_EQ(refused("memories:\n  dram:\n    keeps: [A, C]\n"),
              "m.yaml:3: 'memories.dram.keeps': unknown value 'C'; allowed: A, B, Z");
    EXPECT_EQ(refused("memories: {dram: {keeps: [A, B, A]}}\n"), "m.yaml:1: 'memories.dram.keeps' names 'A' twice");
    EXPECT_EQ(refused("memories: {dram: {keeps: [A, [B]]}}\n"), "m.yaml:1: 'memories.dram.keeps' needs one of A, B, Z");
    EXPECT_EQ(refused("cim: {macro: {input_bits: 3000000000}}\n"),
              "m.yaml:1: 'cim.macro.input_bits' is out of range: '3000000000'");
}

TEST(reader, what_types_cannot_say_names_the_line_too) {
    EXPECT_EQ(refused(small_machine("mapper:\n  rf_depth: 0\n")), "m.yaml:11: mapper.rf_depth must be above 0");
    EXPECT_EQ(refused(small_machine("static_power_mw: -1\n")), "m.yaml:10: static_power_mw must not be negative");
    EXPECT_EQ(refused(small_machine(), {"dram.dram.banks=0"}),
              "--set dram.dram.banks=0: memories.dram.dram.banks must be above 0");
    EXPECT_EQ(refused(small_machine(), {"cim.macro.array_bytes=-1"}),
              "--set cim.macro.array_bytes=-1: cim.macro.array_bytes must not be negative");
    EXPECT_EQ(refused(small_machine(), {"cim.macro.rows_held=1000000000"}),
              "m.yaml:5: cim.macro rows and columns, held ones included: weights must be at most 1e+12; with --set "
              "cim.macro.rows_held=1000000000")
        << "counts that would overflow";
    EXPECT_EQ(refused(small_machine(), {"cim.macro.latency_ps=1e5 s"}),
              "--set cim.macro.latency_ps=1e5 s: cim.macro.latency_ps must be at most 1e+12");
    EXPECT_EQ(refused(small_machine(), {"technology.clock_mhz=1 Hz"}),
              "--set technology.clock_mhz=1 Hz: technology.clock_mhz must be from 0.001 to 1e+06");
    EXPECT_EQ(refused(small_machine(), {"cim.replaces=dram"}),
              "--set cim.replaces=dram: cim.replaces is 'dram', which is still among the memories");
    EXPECT_EQ(refused("name: x\n"), "m.yaml: no engine: a machine needs one of 'cim' and 'tensor_core'");
    EXPECT_EQ(refused("cim: {macro: digital_6t, count: 1}\n"),
              "m.yaml: memories is empty: a machine needs at least the memory that holds the operands");
    EXPECT_EQ(refused("cim: {macro: digital_6t, count: 1}\nmemories: {dram: lpddr4}\n"),
              "m.yaml: technology.clock_mhz must be above 0");
    EXPECT_EQ(refused(small_machine("tensor_core: tensor_core_16x16\n")),
              "m.yaml: two engines: a machine has one of 'cim' and 'tensor_core'");
}

TEST(reader, sources_are_kept_by_path) {
    const auto loaded = parsed(small_machine("bus:\n  source: paper\n  bytes_per_cycle: 8\n"
                                             "  latency_cycles: {value: 3, source: measured}\nstatic_power_mw: 4\n"));
    EXPECT_EQ(loaded.sources.at("bus.bytes_per_cycle"), "paper");
    EXPECT_EQ(loaded.sources.at("bus.latency_cycles"), "measured");
    EXPECT_EQ(loaded.sources.count("static_power_mw"), 0u);
    EXPECT_EQ(loaded.sources.count("host.issue"), 0u) << "only figures take the source of their map";
    EXPECT_NE(loaded.sources.at("memories.dram.dram.t_rcd_ps").find("JESD209-4"), std::string::npos);
}

} // namespace
