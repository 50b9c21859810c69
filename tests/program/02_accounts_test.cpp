// Every figure of a run adds up, and comes again.
#include "child.h"

#include <gtest/gtest.h>

#include <map>

using namespace cimtlm::test;

namespace {

// Products of all shapes: of the study, of attention, a vector times a matrix, odd extents.
const std::vector<std::string> products{"512,1024,1024", "512,64,512", "1,1000,2048", "49,63,147", "1,1,1"};

struct run_of {
    std::string machine;
    std::vector<std::string> work;
};

std::vector<run_of> runs() {
    std::vector<run_of> all;
    for (const auto& machine : study_machines()) {
        for (const auto& gemm : products) all.push_back({machine, {"--gemm", gemm}});
        all.push_back({machine, {"lenet5"}});
    }
    return all;
}

boost::json::object evaluate(const run_of& r, const std::vector<std::string>& more) {
    std::vector<std::string> arguments{r.machine};
    arguments.insert(arguments.end(), r.work.begin(), r.work.end());
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_json(arguments);
}

std::int64_t integer(const boost::json::value& v) { return v.to_number<std::int64_t>(); }

void check_energy(const boost::json::object& r) {
    const double total = number(at(r, {"totals", "energy_pj"}));
    EXPECT_GT(total, 0);
    std::map<std::string, double> by_rows;
    for (const auto& item : r.at("energy_rows").as_array()) {
        const auto& row = item.as_object();
        const double energy = number(row.at("energy_pj"));
        EXPECT_GE(number(row.at("count")), 0);
        EXPECT_DOUBLE_EQ(energy, number(row.at("count")) * number(row.at("unit_energy_pj"))) << row.at("action");
        by_rows[row.at("part").as_string().c_str()] += energy;
    }
    const auto& parts = r.at("energy_by_part").as_object();
    EXPECT_EQ(parts.size(), by_rows.size());
    double sum = 0;
    for (const auto& [name, energy] : parts) {
        ASSERT_TRUE(energy.is_number()) << name; // flat
        EXPECT_NEAR(number(energy), by_rows[std::string(name)], 1e-12 * total) << name;
        sum += number(energy);
    }
    EXPECT_NEAR(sum, total, 1e-12 * total);
}

void check_rates(const boost::json::object& r) {
    const auto& totals = r.at("totals").as_object();
    const double time = number(totals.at("time_ps")), operations = number(totals.at("operations"));
    EXPECT_GT(time, 0);
    EXPECT_GE(operations, 2 * number(totals.at("macs")));
    EXPECT_GT(number(totals.at("utilization")), 0);
    EXPECT_LE(number(totals.at("utilization")), 1);
    EXPECT_DOUBLE_EQ(number(totals.at("tops")), operations / time);
    EXPECT_DOUBLE_EQ(number(totals.at("tops_per_w")), operations / number(totals.at("energy_pj")));
}

// Bytes each way in the whole time, against the bytes a nanosecond (a cycle) of the published machine.
void check_bandwidths(const boost::json::object& r) {
    const double cycles = (number(at(r, {"totals", "time_ps"})) + 1) / 1000; // a bound is cut to whole picoseconds
    const std::map<std::string, double> peaks{{"dram", 32}, {"smem", 42}};
    for (const auto& [level, tensors] : r.at("traffic_bytes").as_object()) {
        const auto peak = peaks.find(level);
        if (peak == peaks.end()) continue;
        double read = 0, written = 0;
        for (const auto& entry : tensors.as_object()) {
            const auto& bytes = entry.value().as_object();
            ASSERT_EQ(bytes.size(), 3u);
            read += number(bytes.at("read"));
            written += number(bytes.at("update")) + number(bytes.at("fill"));
        }
        EXPECT_LE(read, peak->second * cycles) << level;
        EXPECT_LE(written, peak->second * cycles) << level;
    }
}

void check_busy(const boost::json::object& r) {
    const double time = number(at(r, {"totals", "time_ps"}));
    int found = 0;
    for (const auto& item : r.at("statistics").as_array()) {
        const auto& s = item.as_object();
        const std::string name = s.at("name").as_string().c_str();
        if (!contains(name, ".busy")) continue;
        ++found;
        EXPECT_EQ(s.at("unit").as_string(), "ps") << name;
        EXPECT_LE(number(s.at("value")), time) << name;
    }
    EXPECT_GE(found, 4) << "host, engine, bus and DRAM say how long they were busy";
}

} // namespace

TEST(accounts, tile_adds_up) {
    for (const auto& what : runs()) {
        SCOPED_TRACE(what.machine + " " + what.work.back());
        const auto r = evaluate(what, {"--fidelity", "tile"});
        ASSERT_FALSE(r.empty());
        check_energy(r);
        check_rates(r);
        check_bandwidths(r);
        check_busy(r);
        const auto& totals = r.at("totals").as_object();
        const auto lost = integer(totals.at("time_ps")) - integer(totals.at("bound_time_ps"));
        EXPECT_GE(lost, 0) << "tile is faster than its bound";
        std::int64_t stalls = 0;
        for (const auto& stall : r.at("stalls_ps").as_object()) {
            EXPECT_GE(integer(stall.value()), 0) << stall.key();
            stalls += integer(stall.value());
        }
        EXPECT_EQ(stalls, lost);
        EXPECT_EQ(totals.at("simulated_tiles"), totals.at("mapped_tiles"));
        EXPECT_GT(integer(totals.at("kernel_events")), 0);
    }
}

TEST(accounts, bound_is_the_bound_of_tile_with_the_same_counts) {
    for (const auto& what : runs()) {
        SCOPED_TRACE(what.machine + " " + what.work.back());
        const auto bound = evaluate(what, {"--fidelity", "bound"}), tile = evaluate(what, {});
        ASSERT_FALSE(bound.empty() || tile.empty());
        check_energy(bound);
        check_rates(bound);
        check_bandwidths(bound);
        EXPECT_EQ(at(bound, {"totals", "time_ps"}), at(tile, {"totals", "bound_time_ps"}));
        EXPECT_EQ(at(bound, {"totals", "macs"}), at(tile, {"totals", "macs"}));
        EXPECT_EQ(at(bound, {"totals", "simulated_tiles"}), 0);
        EXPECT_EQ(bound.at("traffic_bytes"), tile.at("traffic_bytes"));
        EXPECT_NEAR(number(at(bound, {"totals", "energy_pj"})), number(at(tile, {"totals", "energy_pj"})),
                    1e-9 * number(at(bound, {"totals", "energy_pj"})));
        for (const auto& stall : bound.at("stalls_ps").as_object()) EXPECT_EQ(integer(stall.value()), 0);
    }
}

TEST(accounts, additions_are_a_row_of_their_own) {
    const auto r = run_json({"rf_digital_6t", "--gemm", "512,1024,1024", "--fidelity", "bound"});
    EXPECT_NEAR(number(at(r, {"energy_by_part", "addition"})), 3145728 * 0.05, 1e-3); // partial sums x pJ
}

TEST(accounts, two_runs_give_the_same_bytes) {
    for (const auto& machine : {"tensor_core", "rf_digital_6t", "smem_analog_6t_iso_area"})
        for (const auto& mapper : {"rules", "search"}) {
            const std::vector<std::string> arguments{"run", machine, "resnet50", "--mapper", mapper, "--json"};
            const auto first = call(arguments), second = call(arguments);
            ASSERT_EQ(first.status, 0) << first.err;
            EXPECT_EQ(first.out, second.out) << machine << " " << mapper;
        }
}

TEST(accounts, steady_weights_are_not_slower_than_cold_ones) {
    // 128 x 128 weights fit in 48 arrays of 4 KB.
    const auto cold = run_json({"smem_digital_6t_iso_area", "--gemm", "64,128,128", "--cold"});
    const auto steady = run_json({"smem_digital_6t_iso_area", "--gemm", "64,128,128", "--steady"});
    EXPECT_EQ(integer(at(steady, {"traffic_bytes", "dram", "B", "read"})), 0);
    EXPECT_EQ(integer(at(cold, {"traffic_bytes", "dram", "B", "read"})), 128 * 128);
    EXPECT_LE(integer(at(steady, {"totals", "time_ps"})), integer(at(cold, {"totals", "time_ps"})));
    EXPECT_EQ(integer(steady.at("resident_bytes")), 128 * 128);
    EXPECT_EQ(cold.at("weights").as_string(), "cold");
    EXPECT_EQ(steady.at("weights").as_string(), "steady");
}
