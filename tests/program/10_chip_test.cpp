// The whole-chip designs of the main job: what their reports say adds up, and the baseline is an A100.
#include "child.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

using namespace cimtlm::test;

namespace {

const std::vector<std::string> designs{"a100/tensor_core", "a100/cim_rf", "a100/cim_smem", "a100/cim_l2",
                                       "a100/cim_hybrid"};

double total(const boost::json::object& r, const char* name) { return number(at(r, {"totals", name})); }

/// MACs of a trace by the published table (tests/data/workload_totals.csv, from shape arithmetic).
constexpr double resnet50_macs = 4089184256, bert_large_macs = 167503724544;

void check_account(const boost::json::object& r, double macs) {
    EXPECT_EQ(total(r, "macs"), macs);
    EXPECT_EQ(total(r, "simulated_tiles"), total(r, "mapped_tiles"));
    EXPECT_GT(total(r, "kernel_events"), 0);
    const double time = total(r, "time_ps");
    double rows = 0, static_pj = 0, multiplied = 0;
    for (const auto& row : r.at("energy_rows").as_array()) {
        const auto& o = row.as_object();
        EXPECT_NEAR(number(o.at("energy_pj")), number(o.at("count")) * number(o.at("unit_energy_pj")),
                    1e-9 * number(o.at("energy_pj")));
        rows += number(o.at("energy_pj"));
        if (o.at("part").as_string() == "static") static_pj = number(o.at("energy_pj"));
        if (o.at("action").as_string() == "multiply_accumulate") multiplied += number(o.at("count"));
    }
    EXPECT_NEAR(rows, total(r, "energy_pj"), 1e-9 * rows);
    EXPECT_NEAR(static_pj, 66.5 * time, 1e-6 * static_pj) << "66.5 W: a watt is a pJ a ps";
    EXPECT_EQ(multiplied, macs);
    double layers = 0, layer_time = 0, stalls = 0;
    for (const auto& layer : r.at("layers").as_array()) {
        layers += number(layer.as_object().at("energy_pj"));
        layer_time += number(layer.as_object().at("time_ps"));
    }
    EXPECT_NEAR(layers, rows, 1e-6 * rows);
    EXPECT_EQ(layer_time, time);
    for (const auto& [name, ps] : r.at("stalls_ps").as_object()) {
        EXPECT_GE(number(ps), 0) << name;
        stalls += number(ps);
    }
    EXPECT_NEAR(stalls, time - total(r, "bound_time_ps"), 1 + 1e-9 * time);
    const auto& band = r.at("energy_band_pj").as_array();
    EXPECT_LT(number(band.at(0)), rows);
    EXPECT_GT(number(band.at(1)), rows);
}

} // namespace

TEST(chip, every_design_accounts_for_all_it_does) {
    for (const auto& design : designs) {
        SCOPED_TRACE(design);
        check_account(run_json({design, "resnet50"}), resnet50_macs);
        check_account(run_json({design, "bert_large", "--steady"}), bert_large_macs);
    }
}

// The figures of MLPerf inference v1.0 for one A100: 38,009.6 images/s offline, 0.493 ms single stream. Board power
// between 250 and 400 W at that rate. Nothing is fitted to the network but one launch cost, named in gpu_host.yaml.
TEST(chip, the_baseline_is_an_a100) {
    const auto offline = run_json({"a100/tensor_core", "resnet50", "--batch", "128"});
    const double images_a_second = 128 / (total(offline, "time_ps") * 1e-12);
    EXPECT_NEAR(images_a_second, 38009.6, 0.15 * 38009.6);
    EXPECT_NEAR(total(offline, "utilization"), 0.498, 0.15 * 0.498);
    const double watt = total(offline, "energy_pj") / total(offline, "time_ps");
    EXPECT_GT(watt, 250);
    EXPECT_LT(watt, 400);
    EXPECT_NEAR(total(run_json({"a100/tensor_core", "resnet50"}), "time_ps"), 0.493e9, 0.15 * 0.493e9);
}

TEST(chip, launches_cost_what_they_cost) {
    // 512x1024x1024 is one launch; the rest of the run does not know how long the host took.
    const auto with = [](int cycles) {
        return total(run_json({"a100/tensor_core", "--gemm", "512,1024,1024", "--set",
                               "host.command_cycles=" + std::to_string(cycles)}),
                     "time_ps");
    };
    EXPECT_NEAR(with(14100) - with(1410), 9e6, 0.45e6) << "9 us more, and a refresh of the memory more or less";
}

// The bound knows no launch: without one, no product may be faster than it, whoever mapped it and however K is split.
TEST(chip, no_product_beats_its_bound_without_launches) {
    for (const std::string mapper : {"rules", "search"})
        for (const auto& work :
             std::vector<std::vector<std::string>>{{"a100/cim_smem", "--gemm", "20000,64,576"},
                                                   {"a100/cim_rf", "resnet50", "--batch", "8"},
                                                   {"a100/tensor_core", "resnet50"},
                                                   {"a100/cim_hybrid", "bert_large"},
                                                   {"a100/cim_smem", "bert_large", "--set", "dispatcher.units=2"}}) {
            auto arguments = work;
            arguments.insert(arguments.end(), {"--mapper", mapper, "--set", "host.command_cycles=0"});
            SCOPED_TRACE(work[0] + " " + work[1] + " " + mapper);
            const auto r = run_json(arguments);
            for (const auto& l : r.at("layers").as_array())
                EXPECT_GE(number(l.as_object().at("time_ps")), number(l.as_object().at("bound_time_ps")))
                    << l.as_object().at("name");
        }
}

TEST(chip, contradictions_do_not_start) {
    const auto refused = [](const std::string& machine, const std::string& set, const std::string& text) {
        const auto o = call({"show", machine, "--set", set});
        EXPECT_EQ(o.status, 2) << set;
        EXPECT_TRUE(contains(o.err, text)) << set << ": " << o.err;
    };
    refused("a100/cim_smem", "cim.place.share=1", "leaves nothing of 'smem'");
    refused("a100/cim_l2", "cim.place.share=0.5", "compute_ways says how much");
    refused("a100/tensor_core", "l2.cache.compute_ways=8", "nothing computes there");
    refused("a100/cim_l2", "l2.cache.partitions=5000", "must be at most 64");
    refused("a100/cim_smem", "host.issue=tile", "with a dispatcher it is gemm or block");
    const auto o = call(
        {"run", "a100/cim_l2", "lenet5", "--set", "cim.macro=pcm_hermes", "--set", "l2.cache.compute_on_demand=true"});
    EXPECT_EQ(o.status, 2);
    EXPECT_TRUE(contains(o.err, "cannot cache in between")) << o.err;
}

TEST(chip, objective_is_what_the_search_minimises) {
    const auto run = [](const std::string& objective) {
        return run_json({"a100/cim_smem", "--gemm", "2048,4096,4096", "--objective", objective, "--fidelity", "bound"});
    };
    const auto lean = run("energy"), fast = run("delay");
    EXPECT_LE(total(lean, "energy_pj"), total(fast, "energy_pj"));
    EXPECT_LE(total(fast, "time_ps"), total(lean, "time_ps"));
    const auto wrong = call({"run", "a100/cim_smem", "lenet5", "--objective", "speed"});
    EXPECT_EQ(wrong.status, 2);
    EXPECT_TRUE(contains(wrong.err, "allowed: energy, delay, edp")) << wrong.err;
}

TEST(chip, what_does_not_fit_is_said_with_what_is_missing) {
    const std::vector<std::string> pcm{"--set", "cim.macro=pcm_hermes"};
    auto arguments = std::vector<std::string>{"run", "a100/cim_l2", "resnet50", "--steady"};
    arguments.insert(arguments.end(), pcm.begin(), pcm.end());
    const auto o = call(arguments);
    EXPECT_EQ(o.status, 4);
    EXPECT_EQ(o.out, "");
    EXPECT_TRUE(contains(o.err, "the weights do not fit on a100/cim_l2")) << o.err;
    EXPECT_TRUE(contains(o.err, "missing")) << o.err;
    // Written each time at its real cost instead: rows of weights x 25 MVM of 130 ns, far above everything else.
    arguments = {"a100/cim_l2", "lenet5"};
    arguments.insert(arguments.end(), pcm.begin(), pcm.end());
    const auto programmed = run_json(arguments), sram = run_json({"a100/cim_l2", "lenet5"});
    EXPECT_GT(total(programmed, "time_ps"), 2 * total(sram, "time_ps"));
}

TEST(chip, comparison_of_variants) {
    const auto o = call({"compare", "a100/tensor_core", "a100/cim_rf,cim.macro=analog_6t,cim.place.share=0.5",
                         "a100/cim_l2,cim.macro=pcm_hermes", "--trace", "lenet5", "--format", "json", "--steady",
                         "--set", "vector_unit.fused=false"});
    ASSERT_EQ(o.status, 0) << o.err;
    const auto rows = boost::json::parse(o.out).as_array();
    ASSERT_EQ(rows.size(), 3u);
    auto expected = run_json({"a100/cim_rf", "lenet5", "--steady", "--set", "vector_unit.fused=false", "--set",
                              "cim.macro=analog_6t", "--set", "cim.place.share=0.5"});
    expected["machine"] = "a100/cim_rf,cim.macro=analog_6t,cim.place.share=0.5";
    EXPECT_EQ(rows[1], boost::json::value(expected));
    const auto& left = at(rows[1].as_object(), {"replaced_memory"}).as_object();
    EXPECT_EQ(number(left.at("left_bytes")), 108 * 128 * 1024) << "half of 256 KiB in each SM";
}
