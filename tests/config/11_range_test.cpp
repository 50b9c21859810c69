/// Ranges beside values: read, checked, scaled with the value, written back.
#include "config_test_tools.h"

#include <cimtlm/circuit/technology.h>
#include <platforms/config/units.h>

using namespace cimtlm;
using namespace cimtlm::config_test;

namespace {

std::string bus(const std::string& figure) { return small_machine("bus: {energy_pj_per_byte: " + figure + "}\n"); }

TEST(range, is_read_in_the_unit_of_its_key) {
    const auto loaded = parsed(bus("{value: 1.2, range: [800 fJ/B, 1.9], source: \"s\"}"));
    EXPECT_EQ(loaded.value.bus.energy_pj_per_byte, 1.2);
    EXPECT_EQ(loaded.ranges.at("bus.energy_pj_per_byte").low, 0.8);
    EXPECT_EQ(loaded.ranges.at("bus.energy_pj_per_byte").high, 1.9);
    EXPECT_EQ(loaded.sources.at("bus.energy_pj_per_byte"), "s");
    const auto count = parsed(small_machine("bus: {latency_cycles: {range: [1, 20], value: 10}}\n"));
    EXPECT_EQ(count.ranges.at("bus.latency_cycles").high, 20);
    EXPECT_EQ(parsed(bus("{value: 1, range: [1, 1]}")).ranges.at("bus.energy_pj_per_byte").low, 1);
}

TEST(range, refusals_name_the_place) {
    const std::string front = "m.yaml:10: ";
    EXPECT_EQ(refused(bus("{value: 2, range: [0.8, 1.9]}")),
              front + "the range of 'bus.energy_pj_per_byte' does not hold its value");
    EXPECT_EQ(refused(bus("{value: 1, range: [1.9, 0.8]}")),
              front + "the range of 'bus.energy_pj_per_byte' does not hold its value");
    for (const auto* form : {"[1]", "[1, 2, 3]", "1", "{low: 1, high: 2}", "~"})
        EXPECT_EQ(refused(bus(std::string("{value: 1, range: ") + form + "}")),
                  front + "the range of 'bus.energy_pj_per_byte' needs the form [low, high]")
            << form;
    EXPECT_NE(refused(bus("{value: 1, range: [1, 2 pJ]}")).find("'bus.energy_pj_per_byte' is in pJ/B"),
              std::string::npos);
    EXPECT_NE(refused(bus("{value: 1, range: [1, two]}")).find("needs a number, not 'two'"), std::string::npos);
    EXPECT_NE(refused(bus("{value: 1, range: [nan, 2]}")).find("needs a number"), std::string::npos);
    EXPECT_EQ(refused(bus("{range: [1, 2]}")), front + "'bus.energy_pj_per_byte' has no 'value'");
    EXPECT_EQ(refused(small_machine("description: {value: x, range: [1, 2]}\n")),
              front + "'description' is no figure: it has no range");
    EXPECT_EQ(refused(small_machine("dma: {part: block_dma, double_buffer: {value: true, range: [0, 1]}}\n"))
                  .substr(0, front.size() - 2),
              "m.yaml:10");
}

TEST(range, goes_with_its_value) {
    // A new value has no range unless it says one, wherever it comes from.
    const auto text = bus("{value: 1.2, range: [0.8, 1.9]}");
    EXPECT_EQ(parsed(text, {"bus.energy_pj_per_byte=5"}).ranges.count("bus.energy_pj_per_byte"), 0u);
    EXPECT_EQ(
        parsed(text, {"bus.energy_pj_per_byte={value: 5, range: [4, 6]}"}).ranges.at("bus.energy_pj_per_byte").low, 4);
    EXPECT_EQ(load_macro("pcm_hermes").ranges.at("latency_ps").high, 521000);
}

TEST(range, is_scaled_as_its_value_is) {
    const auto loaded = parsed(small_machine("bus: {energy_pj_per_byte: {value: 1.2, range: [0.8, 1.9]}, native: "
                                             "lp_45nm, latency_cycles: {value: 1, range: [1, 2]}}\n"),
                               {"technology.node_nm=7", "technology.supply_v=0.8", "technology.flavour=hp"});
    const double factor = scale_energy({45, 1.0, flavour::lp}, {7, 0.8, flavour::hp}).value;
    const auto& range = loaded.ranges.at("bus.energy_pj_per_byte");
    EXPECT_NEAR(loaded.value.bus.energy_pj_per_byte, 1.2 * factor, 1e-12);
    EXPECT_NEAR(range.low, 0.8 * factor, 1e-12);
    EXPECT_NEAR(range.high, 1.9 * factor, 1e-12);
    EXPECT_EQ(loaded.ranges.at("bus.latency_cycles").high, 2);
    EXPECT_EQ(loaded.ranges_as_given.at("bus.energy_pj_per_byte").low, 0.8);
    const auto again = parse_machine(to_yaml(loaded), "elsewhere.yaml");
    EXPECT_EQ(again.ranges.at("bus.energy_pj_per_byte").low, range.low);
    EXPECT_EQ(to_yaml(again), to_yaml(loaded));
    EXPECT_NE(to_yaml(loaded).find("energy_pj_per_byte: {value: 1.2, range: [0.8, 1.9]}"), std::string::npos);
}

TEST(range, every_known_machine_comes_back) {
    for (const auto& name : list_machines()) {
        const auto loaded = load_machine(name);
        const auto again = parse_machine(to_yaml(loaded), "elsewhere.yaml");
        ASSERT_EQ(loaded.ranges.size(), again.ranges.size()) << name;
        for (const auto& [path, range] : loaded.ranges) {
            EXPECT_EQ(again.ranges.at(path).low, range.low) << name << ": " << path;
            EXPECT_EQ(again.ranges.at(path).high, range.high) << name << ": " << path;
            EXPECT_LE(range.low, range.high) << name << ": " << path;
        }
    }
}

} // namespace
