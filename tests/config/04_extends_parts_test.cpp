/// Machines extend machines, maps take parts; the nearer line wins.
#include "config_test_tools.h"

#include <cstdlib>

using namespace cimtlm;
using namespace cimtlm::config_test;

namespace {

TEST(extends, a_base_by_name_or_by_file) {
    const auto base = load_machine("rf_analog_6t");
    const auto derived = parsed("extends: rf_analog_6t\ncim: {count: 7}\n");
    EXPECT_EQ(derived.value.name, "m") << "not the name of the base";
    EXPECT_EQ(derived.value.cim->count, 7);
    EXPECT_EQ(derived.value.cim->published().latency_ps, base.value.cim->published().latency_ps);
    EXPECT_EQ(derived.sources.count("cim.count"), 0u) << "the base's source speaks of the base's figure";

    const scratch_folder folder;
    folder.write("bases/b.yaml", small_machine());
    const auto file = folder.write("m/d.yaml", "extends: ../bases/b.yaml\nname: called\ncim: {count: 2}\n");
    const auto loaded = load_machine(file);
    EXPECT_EQ(loaded.value.name, "called");
    EXPECT_EQ(loaded.value.cim->count, 2);
    EXPECT_EQ(loaded.file, file);
}

TEST(extends, maps_mix_lists_and_parts_replace) {
    const auto mixed = parsed("extends: rf_analog_6t\nmemories: {smem: {keeps: [A], latency_cycles: 30}}\n");
    ASSERT_EQ(mixed.value.memories.size(), 2u);
    EXPECT_EQ(mixed.value.memories[1].keeps, std::vector<tensor>{tensor::A});
    EXPECT_EQ(mixed.value.memories[1].latency_cycles, 30);
    EXPECT_EQ(mixed.value.memories[1].capacity_bytes, 262144);

    const scratch_folder folder;
    folder.write("b.yaml", small_machine("mapper: {rf_depth: 3}\n"));
    const auto d =
        load_machine(folder.write("d.yaml", "extends: b.yaml\nmapper: {part: study_mapper, latch_reuse: 2}\n"));
    EXPECT_EQ(d.value.mapper.rf_depth, 4) << "the part takes the place of the whole map";
    EXPECT_EQ(d.value.mapper.latch_reuse, 2);
}

TEST(extends, null_takes_away) {
    const auto m = parsed("extends: tensor_core\nmemories: {rf: null, latch: ~}\ntensor_core: null\n"
                          "cim: {macro: digital_6t, count: 1, replaces: rf}\n");
    EXPECT_EQ(m.value.memories.size(), 2u);
    EXPECT_FALSE(m.value.tensor_core);
    EXPECT_EQ(refused("extends: tensor_core\nmemories: {r: null}\n"),
              "m.yaml:2: 'memories.r' has no value, and there is none to take away");
}

TEST(extends, unknown_bases_and_circles) {
    EXPECT_EQ(refused("name: x\nextends: rf_analog_7t\n").substr(0, 74),
              "m.yaml:2: unknown machine 'rf_analog_7t'; did you mean 'rf_analog_6t'? all");
    EXPECT_EQ(refused("extends: [a]\n"), "m.yaml:1: 'extends' needs the name or the file of a machine");
    const scratch_folder folder;
    const auto a = folder.write("a.yaml", "extends: b.yaml\n");
    const auto b = folder.write("b.yaml", "name: b\nextends: ./a.yaml\n");
    EXPECT_EQ(refusal([&] { load_machine(a); }), b + ":2: 'extends' goes in a circle: a.yaml -> b.yaml -> a.yaml");
    const auto self = folder.write("self.yaml", "extends: self.yaml\n");
    EXPECT_EQ(refusal([&] { load_machine(self); }), self + ":1: 'extends' goes in a circle: self.yaml -> self.yaml");
    const auto lost = folder.write("lost.yaml", "extends: none.yaml\n");
    EXPECT_EQ(refusal([&] { load_machine(lost); }),
              lost + ":1: machine file '" + folder.path("none.yaml") + "' does not exist");
    for (int i = 0; i < 20; ++i)
        folder.write("c" + std::to_string(i) + ".yaml", "extends: c" + std::to_string(i + 1) + ".yaml\n");
    EXPECT_EQ(refusal([&] { load_machine(folder.path("c0.yaml")); }),
              folder.path("c15.yaml") + ":1: a chain of more than 16 files");
}

TEST(extends, errors_of_a_base_stand_in_the_base) {
    const scratch_folder folder;
    const auto base = folder.write("b.yaml", small_machine("mapper: {rf_depth: x}\n"));
    const auto d = folder.write("d.yaml", "extends: b.yaml\nmapper: {rf_depth: 2}\n");
    EXPECT_EQ(refusal([&] { load_machine(d); }), base + ":10: 'mapper.rf_depth' needs a number, not 'x'")
        << "also where the wrong line would be overridden";
}

TEST(parts, short_and_long_form) {
    const auto part = parsed(small_machine("mapper: study_mapper\n"));
    EXPECT_EQ(part.value.mapper.kind, mapper_kind::rules);
    const auto over = parsed(small_machine("mapper: {part: study_mapper, rf_depth: {value: 2, source: mine}}\n"));
    EXPECT_EQ(over.value.mapper.rf_depth, 2);
    EXPECT_EQ(over.sources.at("mapper.rf_depth"), "mine");
    EXPECT_NE(over.sources.at("mapper.latch_reuse"), "mine");
}

TEST(parts, of_ones_own_beside_the_machine) {
    const scratch_folder folder;
    folder.write("mine.yaml", "part: digital_6t\nlatency_ps: {value: 5 ns, source: measured}\n");
    std::string text = small_machine();
    text.replace(text.find("digital_6t"), 10, "mine.yaml");
    const auto loaded = load_machine(folder.write("m.yaml", text));
    EXPECT_EQ(loaded.value.cim->published().latency_ps, 5000);
    EXPECT_EQ(loaded.value.cim->published().rows_parallel, 256);
    const auto macro = load_macro(folder.path("mine.yaml"));
    EXPECT_EQ(std::get<published_macro_parameters>(macro.value).latency_ps, 5000);
    EXPECT_EQ(macro.sources.at("latency_ps"), "measured");
}

TEST(parts, unknown_wrong_and_circular) {
    EXPECT_EQ(refused(small_machine("mapper: study_maper\n")).substr(0, 69),
              "m.yaml:10: unknown part 'study_maper'; did you mean 'study_mapper'? a");
    EXPECT_EQ(refused(small_machine("mapper: {part: [x]}\n")), "m.yaml:10: 'part' needs the name of a part");
    EXPECT_NE(refused(small_machine("mapper: host_cpu\n")).find("host_cpu.yaml:2: unknown key 'issue' in 'mapper'"),
              std::string::npos)
        << "a part of another kind is refused where it differs";
    const scratch_folder folder;
    const auto a = folder.write("a.yaml", "part: ./b.yaml\n");
    const auto b = folder.write("b.yaml", "part: ./a.yaml\n");
    EXPECT_EQ(refusal([&] { load_macro(a); }), b + ":1: 'part' goes in a circle: a.yaml -> b.yaml -> a.yaml");
    const auto lost = folder.write("n.yaml", "rows_parallel: ~\n");
    EXPECT_EQ(refusal([&] { load_macro(lost); }),
              lost + ":1: 'macro.rows_parallel' has no value; it needs a whole number");
    EXPECT_EQ(refusal([] {
                  load_macro("digital6t");
              }).rfind("unknown macro 'digital6t'; did you mean 'digital_6t'? allowed: a", 0),
              0u);
}

TEST(names, traces_and_the_home_of_the_data) {
    const scratch_folder folder;
    folder.write("traces/net_a.csv", "x\n");
    folder.write("traces/net_b.csv", "x\n");
    folder.write("platforms/study/m1.yaml", "extends: a100/m2\n");
    folder.write("platforms/a100/m2.yaml", "name: x\n");
    const auto home = folder.path("traces/..");
    ASSERT_EQ(setenv("CIMTLM_HOME", home.c_str(), 1), 0);
    EXPECT_EQ(data_root(), home);
    EXPECT_EQ(list_traces(), (std::vector<std::string>{"net_a", "net_b"}));
    EXPECT_EQ(list_machines(), (std::vector<std::string>{"a100/m2", "m1"}));
    EXPECT_EQ(find_machine("a100/m2"), home + "/platforms/a100/m2.yaml");
    EXPECT_EQ(find_trace("net_b"), home + "/traces/net_b.csv");
    EXPECT_EQ(find_trace(folder.path("traces/net_b.csv")), folder.path("traces/net_b.csv"));
    EXPECT_EQ(refusal([] { find_trace("net_c"); }),
              "unknown trace 'net_c'; did you mean 'net_a'? allowed: net_a, net_b");
    folder.write("platforms/a100/m1.yaml", "name: x\n");
    EXPECT_EQ(list_machines(), (std::vector<std::string>{"a100/m1", "a100/m2", "m1"}));
    EXPECT_EQ(find_machine("m1"), home + "/platforms/study/m1.yaml");
    folder.write("platforms/study/more/m1.yaml", "name: x\n");
    EXPECT_NE(refusal([] { list_machines(); }), "") << "two machines of one name";
    ASSERT_EQ(setenv("CIMTLM_HOME", "/nonexistent", 1), 0);
    EXPECT_TRUE(list_machines().empty());
    EXPECT_EQ(refusal([] { load_machine("rf_analog_6t"); }),
              "unknown machine 'rf_analog_6t': none is known below /nonexistent (CIMTLM_HOME names another folder)");
    ASSERT_EQ(unsetenv("CIMTLM_HOME"), 0);
    EXPECT_EQ(data_root(), CIMTLM_SOURCE_DIR);
}

} // namespace
