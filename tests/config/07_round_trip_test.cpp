/// The effective configuration reads back as the same machine, and holds every key.
#include "config_test_tools.h"

#include <platforms/config/reader.h>

using namespace cimtlm;
using namespace cimtlm::config_test;

namespace {

/// Compares by the described members, so that no new one is forgotten.
bool same(const config_node& a, const config_node& b) {
    if (a.kind != b.kind || a.scalar != b.scalar || a.items.size() != b.items.size() ||
        a.entries.size() != b.entries.size())
        return false;
    for (std::size_t i = 0; i < a.items.size(); ++i)
        if (!same(a.items[i], b.items[i])) return false;
    for (std::size_t i = 0; i < a.entries.size(); ++i)
        if (a.entries[i].key != b.entries[i].key || !same(a.entries[i].value, b.entries[i].value)) return false;
    return true;
}

void expect_round_trip(const loaded_machine& loaded) {
    const auto yaml = to_yaml(loaded);
    const auto again = parse_machine(yaml, "elsewhere.yaml");
    EXPECT_TRUE(same(write_value(loaded.value), write_value(again.value))) << yaml;
    EXPECT_EQ(loaded.sources, again.sources);
    EXPECT_EQ(to_yaml(again), yaml);
    EXPECT_EQ(yaml.find("extends"), std::string::npos);
}

TEST(round_trip, every_machine) {
    for (const auto& name : list_machines()) {
        SCOPED_TRACE(name);
        expect_round_trip(load_machine(name));
    }
}

TEST(round_trip, options_and_odd_values) {
    expect_round_trip(
        load_machine("rf_digital_6t", {"cim.macro.mac_energy_pj=0.1000000000000000055511151231257827",
                                       "static_power_mw=1e-300", "technology.clock_mhz=0.30000000000000004",
                                       "dram.capacity_bytes=9007199254740991", "dram.dram=null"}));
    const auto odd = parsed(small_machine("description: \"quote \\\" backslash \\\\ tab \\t line\\nbreak \\u00e9 \\0 "
                                          "\\x7f \\x85 \\u2028 'single' # no comment: {x}\"\nname: \"~\"\n"));
    EXPECT_EQ(odd.value.name, "~");
    expect_round_trip(odd);
    expect_round_trip(parsed(small_machine("name: 'null'\ndescription: ''\n")));
    expect_round_trip(parsed(small_machine("static_power_mw: {value: 3, source: \"a \\\"b\\\": {c}\"}\n")));
}

TEST(round_trip, a_struct_filled_without_files) {
    loaded_machine plain;
    plain.value = load_machine("tensor_core").value;
    plain.value.host.command_cycles = 1.0 / 3;
    expect_round_trip(plain);
}

TEST(round_trip, no_key_is_left_out) {
    auto loaded = load_machine("tensor_core");
    for (auto& level : loaded.value.memories) {
        if (level.dram) level.dram->channels.emplace();
        level.cache.emplace();
    }
    loaded.value.bus.ports.emplace();
    loaded.value.dispatcher.emplace();
    loaded.value.device.emplace();
    for (auto* memory : {&loaded.value.device->activation_memory, &loaded.value.device->weight_memory})
        memory->emplace().native = loaded.value.technology.point();
    const auto tree = parse_config(to_yaml(loaded), "t.yaml");
    std::string missing;
    for (const auto& key : list_keys()) {
        auto path = key.path;
        const auto name = path.find("NAME");
        if (name != std::string::npos) path.replace(name, 4, path.find(".dram.") != std::string::npos ? "dram" : "rf");
        if (path.rfind("cim.", 0) != 0 && !node_at(tree, path)) missing += path + " ";
    }
    EXPECT_EQ(missing, "");
}

TEST(reference, the_document_lists_every_key_with_its_unit_and_values) {
    std::ifstream stream(std::string(CIMTLM_SOURCE_DIR) + "/docs/configuration.md");
    const std::string text{std::istreambuf_iterator<char>(stream), {}};
    for (const auto& key : list_keys()) {
        const auto row = "| `" + key.path + "` | " + key.unit + " | " + key.wanted + " |";
        EXPECT_NE(text.find(row), std::string::npos) << row;
    }
}

} // namespace
