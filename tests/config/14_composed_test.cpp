/// A macro of either kind: read, refused, written back, and brought to the machine's technology.
#include "config_test_tools.h"

#include <cimtlm/machine/energy_range.h>
#include <cimtlm/machine/scaling.h>
#include <cimtlm/mapping/cost.h>
#include <cimtlm/mapping/flat_nest.h>
#include <cimtlm/mapping/rules.h>

#include <cmath>

using namespace cimtlm;
using namespace cimtlm::config_test;

namespace {

const std::string composed_set = "cim.macro=sram_6t_charge";

loaded_machine with(std::vector<std::string> sets, const std::string& name = "rf_digital_6t") {
    sets.insert(sets.begin(), composed_set);
    return load_machine(name, sets);
}

const composed_macro_parameters& parameters(const loaded_macro& m) {
    return std::get<composed_macro_parameters>(m.value);
}

/// The refusal of one option on a machine with the composed macro.
std::string refused_with(const std::string& key_and_value) {
    return refusal([&] { with({"cim.macro." + key_and_value}); });
}

std::string option(const std::string& key_and_value) { return "--set cim.macro." + key_and_value + ": "; }

figure_scaling figure(const machine& m, const std::string& key) {
    for (const auto& f : scaling_of(m))
        if (f.path == "cim.macro." + key) return f;
    throw std::logic_error(key);
}

TEST(composed, a_part_with_parts) {
    const auto macro = load_macro("sram_6t_charge");
    const auto& p = parameters(macro);
    EXPECT_EQ(p.name, "sram_6t_charge");
    EXPECT_EQ(p.array.rows, 256);
    EXPECT_EQ(p.adc.kind, adc_kind::sar);
    EXPECT_EQ(p.circuits.name, "calibrated");
    EXPECT_GT(p.circuits.word_line_energy_pj, 0);
    EXPECT_NE(macro.sources.at("array.rows"), "");
    EXPECT_NE(macro.sources.at("circuits.full_adder_area_um2").find("transistors"), std::string::npos)
        << "a part within the part keeps its own sources";
    EXPECT_EQ(composed_macro(p).geometry().columns_parallel, 8);
    EXPECT_EQ(parameters(load_macro("sram_6t_charge", {"adc.bits=5", "circuits.comparator_ps=1 ns"})).adc.bits, 5);
    EXPECT_EQ(load_macro("sram_6t_charge", {"adc.bits=5"}).sources.at("adc.bits"), "--set adc.bits=5");
    EXPECT_EQ(std::get<published_macro_parameters>(load_macro("digital_6t", {"kind=published"}).value).rows_parallel,
              256);
    for (const auto& name : list_macros()) EXPECT_NO_THROW(load_macro(name)) << name;
}

TEST(composed, takes_the_place_of_a_published_one_and_back) {
    EXPECT_FALSE(load_machine("rf_digital_6t").value.cim->is_composed());
    const auto loaded = with({"cim.macro.adc.bits=7"});
    EXPECT_EQ(loaded.value.cim->composed().adc.bits, 7);
    EXPECT_EQ(loaded.sources.at("cim.macro.adc.bits"), "--set cim.macro.adc.bits=7");
    EXPECT_EQ(loaded.sources.count("cim.macro.latency_ps"), 0u);
    EXPECT_EQ(with({"cim.macro=analog_6t"}).value.cim->published().name, "analog_6t");
    const auto inside = parsed(small_machine("name: x\n"), {"cim.macro={part: sram_6t_charge, adc: {bits: 3}}"});
    EXPECT_EQ(inside.value.cim->composed().adc.bits, 3);
    EXPECT_EQ(inside.value.cim->composed().adc.columns_per_adc, 4);
}

TEST(composed, keys_of_the_other_kind) {
    EXPECT_EQ(refused_with("latency_ps=5"),
              option("latency_ps=5") + "'latency_ps' is a key of a published macro; this one is composed");
    EXPECT_EQ(refused_with("kind=published"),
              option("kind=published") + "'array' is a key of a composed macro; this one is published");
    EXPECT_EQ(refused(small_machine(), {"cim.macro.adc.bits=5"}),
              option("adc.bits=5") + "'adc' is a key of a composed macro; this one is published");
    EXPECT_EQ(refused_with("kind=compsed"), option("kind=compsed") + "'cim.macro.kind': unknown value 'compsed'; did "
                                                                     "you mean 'composed'? allowed: published, "
                                                                     "composed");
    scratch_folder folder;
    const auto mixed = folder.write("mixed.yaml", "kind: composed\nlatency_ps: 3\n");
    EXPECT_EQ(refusal([&] { load_macro(mixed); }),
              mixed + ":2: 'latency_ps' is a key of a published macro; this one is composed");
    const auto typing = folder.write("typing.yaml", "kind: composed\nencodin: offset\n");
    EXPECT_EQ(
        refusal([&] {
            load_macro(typing);
        }).rfind(typing + ":2: unknown key 'encodin' in 'macro'; did you mean 'encoding'? allowed: name, array", 0),
        0u);
}

TEST(composed, what_cannot_be_built_names_its_line) {
    EXPECT_EQ(refused_with("adc.bits=0"),
              option("adc.bits=0") + "cim.macro.adc.bits: a converter has more than 0 and at most 16 bits");
    EXPECT_EQ(refused_with("array.rows_active=512"),
              option("array.rows_active=512") + "cim.macro.array.rows_active: 512 rows add at once, there are 256");
    EXPECT_EQ(refused_with("setup_ps=-1"), option("setup_ps=-1") + "cim.macro.setup_ps: must not be negative");
    EXPECT_EQ(refused_with("weight_bits=64"), option("weight_bits=64") + "cim.macro.weight_bits must be at most 32");
    EXPECT_EQ(refused_with("input_bits=0"), option("input_bits=0") + "cim.macro.input_bits must be above 0");
    EXPECT_EQ(refused_with("native.node_nm=5000").rfind("m.yaml", 0), std::string::npos);
    EXPECT_NE(refused_with("native.node_nm=5000").find(": cim.macro.native: no circuit is modelled at a node of 5000"),
              std::string::npos);
    const auto much = refused_with("setup_ps=1e5s");
    EXPECT_NE(much.find("cim.macro: the time of a step (ps) must be at most 1e+12"), std::string::npos) << much;
    const auto dear = refused_with("input.row_energy_pj=1e300");
    EXPECT_NE(dear.find("cim.macro: the energy of a MAC (pJ) must be at most 1e18"), std::string::npos) << dear;
    EXPECT_EQ(refusal([] { load_macro("sram_6t_charge", {"adc.bits=17"}); }),
              "--set adc.bits=17: adc.bits: a converter has more than 0 and at most 16 bits");
    EXPECT_EQ(refused(small_machine("description: x\n"), {composed_set, "cim.macro.circuits=calibratd"}).substr(0, 84),
              "--set cim.macro.circuits=calibratd: unknown part 'calibratd'; did you mean 'calibrat");
}

TEST(composed, is_written_and_read_again) {
    for (const auto* name :
         {"rf_digital_6t", "smem_analog_8t_iso_area", "a100/cim_rf", "a100/cim_l2", "soc/cim_device"}) {
        SCOPED_TRACE(name);
        const auto loaded = with({"cim.macro.adc.bits={value: 6.5, range: [5, 7], source: mine}"}, name);
        const auto yaml = to_yaml(loaded);
        EXPECT_NE(yaml.find("  macro:\n    kind: composed\n    name: \"sram_6t_charge\"\n"), std::string::npos) << yaml;
        const auto again = parse_machine(yaml, "elsewhere.yaml");
        EXPECT_EQ(to_yaml(again), yaml);
        EXPECT_EQ(again.sources, loaded.sources);
        EXPECT_EQ(again.ranges.at("cim.macro.adc.bits").low, 5);
        EXPECT_EQ(again.value.mac_pj(), loaded.value.mac_pj());
        EXPECT_EQ(again.value.matrix_engine()->step_ps(), loaded.value.matrix_engine()->step_ps());
        EXPECT_EQ(again.value.cim->count, loaded.value.cim->count);
    }
    EXPECT_EQ(to_yaml(load_machine("rf_digital_6t")).find("composed"), std::string::npos);
    EXPECT_EQ(to_yaml(load_machine("rf_digital_6t")).find("kind: published"), std::string::npos);
}

TEST(composed, energies_follow_the_machine_times_on_request) {
    const auto native = std::get<composed_macro_parameters>(load_macro("sram_6t_charge").value);
    const composed_macro at_28(native);
    auto p = native;
    p.native = technology_point{45, 1.0, flavour::lp};
    p.latency_native = native.native;
    const composed_macro energies_at_45(p);
    const auto loaded = with({});
    const auto e = loaded.value.matrix_engine();
    EXPECT_EQ(e->step_ps(), at_28.step_ps());
    EXPECT_EQ(e->write_row_ps(), at_28.write_row_ps());
    EXPECT_EQ(e->mac_pj(energy_basis::mac), energies_at_45.mac_pj(energy_basis::mac));
    EXPECT_EQ(e->area_um2(), energies_at_45.area_um2());
    EXPECT_GT(e->mac_pj(energy_basis::mac), at_28.mac_pj(energy_basis::mac));
    ASSERT_TRUE(loaded.as_given);
    const auto energy = figure(*loaded.as_given, "mac_energy_pj"), time = figure(*loaded.as_given, "latency_ps");
    EXPECT_EQ(energy.native_value, at_28.mac_pj(energy_basis::mac));
    EXPECT_EQ(energy.value, e->mac_pj(energy_basis::mac));
    EXPECT_FALSE(energy.kept);
    EXPECT_TRUE(time.kept);
    EXPECT_EQ(figure(*loaded.as_given, "area_um2").value, e->area_um2());

    p.latency_native.reset();
    const auto moved = with({"technology.scale_delay=true"}).value.matrix_engine();
    EXPECT_EQ(moved->step_ps(), composed_macro(p).step_ps());
    EXPECT_NE(moved->step_ps(), at_28.step_ps());

    const auto stays = with({"cim.macro.follows_node=false", "technology.scale_delay=true"}).value.matrix_engine();
    EXPECT_EQ(stays->mac_pj(energy_basis::mac), at_28.mac_pj(energy_basis::mac));
    EXPECT_EQ(stays->area_um2(), at_28.area_um2());
    EXPECT_EQ(stays->step_ps(), at_28.step_ps());

    const auto here = with({"cim.macro.native=null"});
    EXPECT_EQ(here.value.matrix_engine()->step_ps(), composed_macro(p).step_ps()) << "the machine's technology";
    EXPECT_FALSE(here.as_given);
    const auto twice = scaled(loaded.value);
    EXPECT_EQ(twice.mac_pj(), loaded.value.mac_pj());
    EXPECT_EQ(twice.matrix_engine()->step_ps(), e->step_ps());
}

TEST(composed, stated_figures_follow_the_law_of_the_circuits) {
    const auto loaded = with({"cim.macro.adc.conversion_energy_pj={value: 1, range: [0.5, 2]}",
                              "cim.macro.adc.clock_mhz=100", "cim.macro.setup_ps=1000", "technology.scale_delay=true"});
    const auto& p = loaded.value.cim->composed();
    const auto from = scale_circuits(p.circuits, {{28, 0.8, flavour::lp}, 25}),
               to = scale_circuits(p.circuits, {{45, 1.0, flavour::lp}, 25});
    EXPECT_DOUBLE_EQ(p.adc.conversion_energy_pj, to.energy / from.energy);
    EXPECT_DOUBLE_EQ(loaded.ranges.at("cim.macro.adc.conversion_energy_pj").high, 2 * to.energy / from.energy);
    EXPECT_DOUBLE_EQ(p.setup_ps, 1000 * to.delay / from.delay);
    EXPECT_DOUBLE_EQ(p.adc.clock_mhz, 100 * from.delay / to.delay);
    EXPECT_EQ(p.adc.area_um2, 0) << "nothing was stated";
    EXPECT_LT(p.input.row_energy_pj, 0);
    EXPECT_EQ(loaded.as_given->cim->composed().adc.conversion_energy_pj, 1);
}

TEST(composed, arrays_of_equal_area) {
    const auto m = with({}, "a100/cim_rf").value;
    const double array = m.matrix_engine()->area_um2();
    EXPECT_EQ(m.cim->count, static_cast<std::int64_t>(m.cim->place->share * m.cim->place->area_um2 / array + 1e-9));
    EXPECT_GT(m.cim->count, 1);
}

TEST(composed, the_band_is_that_of_the_circuits) {
    const auto loaded = with({"cim.macro.other_power_mw={value: 2, range: [1, 4]}"});
    const auto& m = loaded.value;
    gemm g;
    g.m = g.n = g.k = 512;
    const auto shape = nest_slots(m, g.bits);
    const flat_nest nest(map_by_rules(g, m, shape), m, shape);
    ledger l;
    cost_model(m, convention::like_for_like).charge(l, g, count_accesses(nest, g, m, false), 1);
    const auto e = m.matrix_engine();
    const double u = dynamic_cast<const composed_macro&>(*e).energy_uncertainty();
    EXPECT_GT(u, 1);
    double low = 0, high = 0;
    int of_circuits = 0;
    for (const auto& row : l.rows()) {
        const auto price = price_of(m, row.part, row.action);
        ASSERT_TRUE(price) << row.part << "." << row.action;
        const bool overhead = row.action == "overhead";
        const bool circuits = row.part == "mac" || row.part == "weight_write";
        const double energy = row.count * row.unit_energy_pj;
        low += overhead ? energy / 2 : circuits ? energy / u : energy;
        high += overhead ? energy * 2 : circuits ? energy * u : energy;
        if (circuits && !overhead) ++of_circuits;
    }
    EXPECT_GT(of_circuits, 5);
    const auto band = band_of(l, m, loaded.ranges);
    EXPECT_NEAR(band.low_pj, low, 1e-9 * low);
    EXPECT_NEAR(band.high_pj, high, 1e-9 * high);
}

} // namespace
