/// One technology a machine: from the file to the cost of a product, and back to a file.
#include "config_test_tools.h"

#include <cimtlm/machine/scaling.h>
#include <cimtlm/mapping/cost.h>
#include <cimtlm/mapping/flat_nest.h>
#include <cimtlm/mapping/rules.h>
#include <platforms/config/reader.h>

using namespace cimtlm;
using namespace cimtlm::config_test;

namespace {

const std::vector<std::string> to_7_nm = {"technology.node_nm=7", "technology.supply_v=0.8", "technology.flavour=hp"};

std::map<std::string, double> energies(const machine& m) {
    gemm g;
    g.m = 512;
    g.n = g.k = 1024;
    const auto shape = nest_slots(m, g.bits);
    const flat_nest nest(map_by_rules(g, m, shape), m, shape);
    const cost_model cost(m, convention::like_for_like);
    ledger l;
    cost.charge(l, g, count_accesses(nest, g, m, true), 1);
    vector_work work;
    work.operations = 1000;
    cost.charge(l, work);
    return l.by_part();
}

TEST(technology, a_machine_at_7_nm) {
    const auto factor = scale_energy({45, 1.0, flavour::lp}, {7, 0.8, flavour::hp}).value;
    EXPECT_NEAR(factor, 0.064, 0.0005);
    for (const auto& name : {"rf_digital_6t", "smem_analog_8t", "tensor_core"}) {
        const auto at_45 = energies(load_machine(name).value), at_7 = energies(load_machine(name, to_7_nm).value);
        ASSERT_EQ(at_45.size(), at_7.size());
        EXPECT_GT(at_45.at("mac"), 0);
        EXPECT_GE(at_45.size(), 4u);
        for (const auto& [part, energy] : at_45)
            EXPECT_NEAR(at_7.at(part), energy * (part == "dram" ? 1 : factor), 1e-12 * energy) << name << ": " << part;
    }
}

TEST(technology, the_study_is_native_where_it_stands) {
    for (const auto& name : list_machines()) {
        if (name.rfind("a100/", 0) == 0 || name.rfind("comparison/", 0) == 0) continue;
        const auto loaded = load_machine(name);
        EXPECT_FALSE(loaded.as_given) << name << ": nothing is scaled";
        for (const auto& f : scaling_of(loaded.value)) EXPECT_EQ(f.value, f.native_value) << name << ": " << f.path;
        auto copy = loaded.value;
        for (const auto& part : technology_parts(copy)) EXPECT_TRUE(*part.native) << name << ": " << part.path;
    }
}

TEST(technology, the_effective_configuration_keeps_the_native_figures) {
    const auto loaded = load_machine("rf_digital_6t", to_7_nm);
    EXPECT_EQ(loaded.as_given->cim->published().mac_energy_pj, 0.34);
    EXPECT_NEAR(loaded.value.cim->published().mac_energy_pj, 0.0218, 0.00005);
    const auto again = parse_machine(to_yaml(loaded), "elsewhere.yaml");
    EXPECT_EQ(to_yaml(again), to_yaml(loaded));
    EXPECT_EQ(again.as_given->cim->published().mac_energy_pj, 0.34);
    for (const auto& [part, energy] : energies(loaded.value)) EXPECT_EQ(energies(again.value).at(part), energy) << part;
    EXPECT_EQ(again.value.area_um2(), loaded.value.area_um2());

    // What is scaled can be written too, and is not scaled again.
    loaded_machine plain;
    plain.value = loaded.value;
    const auto third = parse_machine(to_yaml(plain), "elsewhere.yaml");
    EXPECT_EQ(third.value.cim->published().mac_energy_pj, loaded.value.cim->published().mac_energy_pj);
    EXPECT_FALSE(third.as_given);
}

TEST(technology, delays_of_the_prototypes_on_request) {
    EXPECT_EQ(load_machine("rf_digital_6t", to_7_nm).value.cim->published().latency_ps, 18000);
    const double factor = scale_delay({22, 0.72, flavour::hp}, {45, 1.0, flavour::lp}).value;
    EXPECT_NEAR(load_machine("rf_digital_6t", {"technology.scale_delay=true"}).value.cim->published().latency_ps,
                18000 * factor, 1e-6);
}

TEST(technology, refusals) {
    const auto refused_set = [](const std::vector<std::string>& sets) { return refused(small_machine(), sets); };
    EXPECT_EQ(
        refused_set({"technology.flavour=ulp"}),
        "--set technology.flavour=ulp: 'technology.flavour': unknown value 'ulp'; did you mean 'lp'? allowed: bulk, "
        "hp, lp, lstp");
    const auto unfit = refused_set({"technology.node_nm=7"});
    EXPECT_NE(
        unfit.find("technology cannot be scaled: there is no lp near 7 nm in the scaling table; there it has: hp, "
                   "lstp; with --set technology.node_nm=7"),
        std::string::npos)
        << unfit;
    EXPECT_NE(refused_set({"dram.native=lp_45nm"}).find("memories.dram.native: dram is outside the chip"),
              std::string::npos);
    EXPECT_NE(refused_set({"cim.macro.native.supply_v=0"}).find("cim.macro.native.supply_v must be above 0"),
              std::string::npos);
}

} // namespace
