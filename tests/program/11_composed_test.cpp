// Machines of every kind with a composed macro in the place of their own: what a run says adds up.
#include "child.h"

#include <gtest/gtest.h>

#include <map>

using namespace cimtlm::test;

namespace {

std::map<std::string, double> rows_of_macs(const boost::json::object& r) {
    std::map<std::string, double> rows;
    for (const auto& item : r.at("energy_rows").as_array()) {
        const auto& row = item.as_object();
        const std::string part = row.at("part").as_string().c_str();
        const double energy = number(row.at("energy_pj"));
        if ((part == "mac" || part == "cim") && energy > 0) rows[row.at("action").as_string().c_str()] = energy;
    }
    return rows;
}

void check_totals(const boost::json::object& r) {
    const double total = number(at(r, {"totals", "energy_pj"}));
    double rows = 0;
    for (const auto& row : r.at("energy_rows").as_array()) rows += number(row.as_object().at("energy_pj"));
    EXPECT_NEAR(rows, total, 1e-9 * total);
    const auto& band = r.at("energy_band_pj").as_array();
    EXPECT_LT(number(band.at(0)), total);
    EXPECT_GT(number(band.at(1)), total);
    EXPECT_GE(number(at(r, {"totals", "time_ps"})), number(at(r, {"totals", "bound_time_ps"})));
}

} // namespace

TEST(composed, on_every_machine_at_both_fidelities) {
    auto machines = study_machines();
    machines.insert(machines.end(), {"a100/cim_rf", "a100/cim_smem", "a100/cim_l2", "a100/cim_hybrid"});
    for (const auto& machine : machines) {
        if (machine == "tensor_core") continue;
        SCOPED_TRACE(machine);
        const std::vector<std::string> work{machine, "--gemm", "300,520,200", "--set", "cim.macro=sram_6t_charge"};
        auto arguments = work;
        arguments.insert(arguments.end(), {"--fidelity", "bound"});
        const auto bound = run_json(arguments), tile = run_json(work);
        check_totals(bound);
        check_totals(tile);
        const auto expected = rows_of_macs(bound), rows = rows_of_macs(tile);
        ASSERT_EQ(rows.size(), expected.size());
        for (const auto& [action, energy] : expected) EXPECT_NEAR(rows.at(action), energy, 1e-9 * energy) << action;
        if (machine == "a100/cim_hybrid") continue; // the mapper may give all of it to the tensor cores
        for (const auto* action : {"word_line", "array", "convert_6b", "accumulate", "buffer", "leakage"})
            EXPECT_EQ(rows.count(action), 1u) << action;
    }
}

TEST(composed, is_listed_and_shown) {
    EXPECT_TRUE(contains(call({"list", "macros"}).out, "sram_6t_charge\n"));
    const auto o =
        call({"show", "rf_digital_6t", "--set", "cim.macro=sram_6t_charge", "--set", "cim.macro.adc.bits=7"});
    ASSERT_EQ(o.status, 0) << o.err;
    for (const auto* what : {"256 x 64 cells of sram_6t, sums by charge", "16 converters sar of 7 bits", "convert_7b ",
                             "weights of 8 bits", "circuits 'calibrated' at 45 nm LP 1 V, their time at 28 nm LP 0.8 V",
                             "energies within a factor of", "cim.macro.mac_energy_pj: ", "cim.macro.latency_ps: ",
                             "kept (technology.scale_delay is false)"})
        EXPECT_TRUE(contains(o.out, what)) << what << "\n" << o.out;
    EXPECT_FALSE(contains(o.out, "of an operation"));
}
