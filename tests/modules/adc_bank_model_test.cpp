/// Does a bank of converters take the time and the energy that its circuits say, alone and when requesters contend?
#include <cimtlm/base/error.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <map>
#include <random>
#include <stdexcept>

#include "adc_bank_bench.h"

namespace {

using namespace adc_bench;

constexpr std::int64_t conversion = 800;
constexpr double conversion_pj = 8 * 0.003 + 256 * 0.0001;

double value_of(const adc_bank_model& bank, const std::string& name) {
    statistics s;
    bank.report(s, "bank.");
    for (const auto& e : s.entries())
        if (e.name == "bank." + name) return e.value;
    ADD_FAILURE() << "no " << name;
    return 0;
}

std::mt19937_64 seeded() {
    const auto seed = std::random_device{}();
    std::printf("seed %u\n", seed);
    return std::mt19937_64(seed);
}

TEST(adc_bank_model, time_falls_and_area_grows_with_the_converters_energy_stays) {
    for (const auto assignment : {adc_assignment::by_column, adc_assignment::any_free})
        for (const std::int64_t count : {1, 8, 64, 128}) {
            SCOPED_TRACE(count);
            ledger energy;
            auto p = sar_bank(128, count);
            p.assignment = assignment;
            adc_bank_model bank(p, "bank", energy);
            const auto t = bank.convert(5000, 0, 128, adc_bank_model::host, 0);
            EXPECT_EQ(t.begin_ps, 5000);
            EXPECT_EQ(t.end_ps - 5000, 128 / count * conversion);
            EXPECT_EQ(t.waited_ps, 0);
            EXPECT_NEAR(energy.total_pj(), 128 * conversion_pj, 1e-9);
            EXPECT_DOUBLE_EQ(bank.area_um2(), static_cast<double>(count) * (50 + 256));
            EXPECT_DOUBLE_EQ(bank.leakage_mw(), static_cast<double>(count) * 2e-6);
            EXPECT_EQ(bank.busy_ps(), 128 * conversion);
        }
}

TEST(adc_bank_model, columns_per_converter_say_the_count_too) {
    ledger energy;
    auto p = sar_bank(20, 0);
    p.adc.columns_per_adc = 8;
    adc_bank_model bank(p, "bank", energy);
    EXPECT_EQ(bank.converters(), 3);
    EXPECT_EQ(bank.convert(0, 0, 20, 0, 0).end_ps, 7 * conversion) << "20 columns at 3 converters";
    EXPECT_EQ(bank.convert(100000, 3, 3, 0, 0).end_ps, 100000 + conversion)
        << "neighbours have converters of their own";
}

TEST(adc_bank_model, columns_of_one_converter_wait_for_each_other_unless_any_will_do) {
    ledger energy;
    auto p = sar_bank(16, 4);
    adc_bank_model wired(p, "wired", energy);
    const auto a = wired.requester("a"), b = wired.requester("b");
    EXPECT_EQ(wired.requester("a"), a);
    wired.convert(0, 0, 1, a, 0);
    const auto second = wired.convert(100, 4, 1, b, 0);
    EXPECT_EQ(second.begin_ps, conversion);
    EXPECT_EQ(second.waited_ps, conversion - 100);
    EXPECT_EQ(wired.convert(100, 5, 1, b, 0).waited_ps, 0) << "another converter";
    EXPECT_EQ(value_of(wired, "a.waited_ps"), 0);
    EXPECT_EQ(value_of(wired, "b.waited_ps"), conversion - 100);
    EXPECT_EQ(value_of(wired, "waited_ps"), conversion - 100);
    EXPECT_EQ(value_of(wired, "b.requests"), 2);
    EXPECT_EQ(value_of(wired, "conversions"), 3);

    p.assignment = adc_assignment::any_free;
    adc_bank_model pool(p, "pool", energy);
    pool.convert(0, 0, 1, 0, 0);
    EXPECT_EQ(pool.convert(100, 4, 1, 0, 0).waited_ps, 0);
    EXPECT_EQ(pool.convert(100, 4, 3, 0, 0).waited_ps, conversion - 100) << "the fourth to come finds none";
}

TEST(adc_bank_model, two_that_saturate_it_take_the_sum_of_their_work_over_the_converters) {
    for (const auto assignment : {adc_assignment::by_column, adc_assignment::any_free}) {
        ledger energy;
        auto p = sar_bank(32, 8);
        p.assignment = assignment;
        adc_bank_model bank(p, "bank", energy);
        const auto a = bank.requester("a"), b = bank.requester("b");
        std::int64_t end = 0, conversions = 0;
        for (int i = 0; i < 100; ++i) {
            const auto ends = {bank.convert(i * 10, 0, 32, a, 0).end_ps, bank.convert(i * 10 + 5, 0, 32, b, 0).end_ps};
            end = std::max({end, std::max(ends)});
            conversions += 64;
        }
        EXPECT_EQ(end, conversions * conversion / 8);
        EXPECT_EQ(bank.utilisation(), 1);
    }
}

/// A request as a first-come reference sees it.
struct request {
    std::int64_t time_ps, first, count;
};

/// First come, first served, conversion by conversion, without a calendar.
std::vector<std::int64_t> first_come(const adc_bank_model& bank, const std::vector<request>& requests) {
    std::vector<std::int64_t> free(static_cast<std::size_t>(bank.converters()), 0), ends;
    for (const auto& r : requests) {
        std::int64_t end = r.time_ps;
        for (auto c = r.first; c < r.first + r.count; ++c) {
            auto converter = free.begin() + c % bank.converters();
            if (bank.parameters().assignment == adc_assignment::any_free)
                converter = std::min_element(free.begin(), free.end(), [&](std::int64_t x, std::int64_t y) {
                    return std::max(x, r.time_ps) < std::max(y, r.time_ps);
                });
            *converter = std::max(*converter, r.time_ps) + bank.conversion_ps(c);
            end = std::max(end, *converter);
        }
        ends.push_back(end);
    }
    return ends;
}

TEST(adc_bank_model, contention_is_first_come_first_served) {
    auto random = seeded();
    const auto upto = [&](std::int64_t n) {
        return 1 + static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(n));
    };
    for (int trial = 0; trial < 60; ++trial) {
        ledger energy;
        const auto columns = upto(64);
        auto p = sar_bank(columns, upto(columns));
        p.assignment = trial % 2 ? adc_assignment::any_free : adc_assignment::by_column;
        adc_bank_model bank(p, "bank", energy), shuffled(p, "shuffled", energy);
        for (std::int64_t c = 0; c < columns; ++c)
            for (auto* b : {&bank, &shuffled}) b->set_resolution(c, static_cast<double>(8 - c % 4));
        std::vector<request> requests;
        // Load from a half to twice of what the converters can do.
        const auto mean = columns * conversion / bank.converters() / 2;
        const auto apart = std::max<std::int64_t>(1, mean / 2 + upto(mean * 3 / 2));
        std::int64_t time = 0, work = 0;
        for (int i = 0; i < 400; ++i) {
            request r{time += upto(2 * apart), static_cast<std::int64_t>(random()) & 0xff, 0};
            r.first %= columns;
            r.count = upto(columns - r.first);
            for (auto c = r.first; c < r.first + r.count; ++c) work += bank.conversion_ps(c);
            requests.push_back(r);
        }
        const auto expected = first_come(bank, requests);
        const std::size_t who[] = {bank.requester("a"), bank.requester("b")};
        double waited = 0;
        for (std::size_t i = 0; i < requests.size(); ++i) {
            const auto& r = requests[i];
            const auto t = bank.convert(r.time_ps, r.first, r.count, who[i % 2], r.time_ps);
            ASSERT_EQ(t.end_ps, expected[i]) << trial << " " << i;
            EXPECT_GE(t.begin_ps, r.time_ps);
            EXPECT_GE(t.waited_ps, 0);
            waited += static_cast<double>(t.waited_ps);
        }
        EXPECT_EQ(bank.busy_ps(), work);
        EXPECT_EQ(value_of(bank, "waited_ps"), waited);
        EXPECT_EQ(value_of(bank, "requests"), 400);

        // Calls that come out of the order of their times, as those of hosts with a quantum do.
        for (std::size_t i = 0; i + 4 < requests.size(); i += 4)
            std::shuffle(requests.begin() + static_cast<std::ptrdiff_t>(i),
                         requests.begin() + static_cast<std::ptrdiff_t>(i) + 4, random);
        for (const auto& r : requests) shuffled.convert(r.time_ps, r.first, r.count, 0, 0);
        EXPECT_EQ(shuffled.busy_ps(), work);
        EXPECT_NEAR(static_cast<double>(shuffled.last_end_ps()), static_cast<double>(bank.last_end_ps()),
                    0.01 * static_cast<double>(bank.last_end_ps()));
    }
}

// Every picosecond of every converter, counted.
TEST(adc_bank_model, busy_and_idle_are_the_time_of_all_converters) {
    auto random = seeded();
    ledger energy;
    adc_bank_model bank(sar_bank(24, 6), "bank", energy);
    std::vector<std::vector<bool>> taken(6);
    std::int64_t time = 0;
    for (int i = 0; i < 50; ++i) {
        time += static_cast<std::int64_t>(random() % 4000);
        const auto first = static_cast<std::int64_t>(random() % 24);
        const auto count = 1 + static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(24 - first));
        bank.convert(time, first, count, 0, time);
        for (auto c = first; c < first + count; ++c) {
            auto& t = taken[static_cast<std::size_t>(c % 6)];
            const auto begin = std::max(static_cast<std::size_t>(time), t.size());
            t.resize(begin, false);
            t.resize(begin + conversion, true);
        }
    }
    std::size_t end = 0;
    for (const auto& t : taken) end = std::max(end, t.size());
    std::int64_t busy = 0, idle = 0;
    for (auto& t : taken) {
        t.resize(end, false);
        for (const bool b : t) ++(b ? busy : idle);
    }
    EXPECT_EQ(bank.busy_ps(), busy);
    EXPECT_EQ(bank.last_end_ps(), static_cast<std::int64_t>(end));
    EXPECT_EQ(busy + idle, 6 * bank.last_end_ps());
    EXPECT_DOUBLE_EQ(bank.utilisation(), static_cast<double>(busy) / static_cast<double>(busy + idle));
    EXPECT_DOUBLE_EQ(value_of(bank, "utilisation"), bank.utilisation());
}

TEST(adc_bank_model, energy_and_time_by_bits_are_those_of_the_circuit) {
    for (const auto kind : {adc_kind::flash, adc_kind::sar, adc_kind::ramp, adc_kind::cco, adc_kind::survey}) {
        auto p = sar_bank(11, 1);
        p.adc.kind = kind;
        p.adc.bits = 10;
        p.adc.clock_mhz = 100;
        p.point.technology = {65, 1.0, flavour::bulk};
        ledger energy;
        adc_bank_model bank(p, "bank", energy);
        const auto scale = scale_circuits(p.circuits, p.point);
        const adc circuit(p.adc, p.circuits, scale, "");
        double ps = 0;
        std::map<std::string, double> expected;
        for (int c = 0; c < 11; ++c) {
            const double bits = c == 0 ? 3.5 : c;
            bank.set_resolution(c, bits);
            EXPECT_EQ(bank.resolution(c), bits);
            EXPECT_EQ(static_cast<double>(bank.conversion_ps(c)), std::ceil(circuit.convert_ps(bits) - 1e-6));
            ps += static_cast<double>(bank.conversion_ps(c));
            expected["convert_" + std::string(c == 0 ? "3.5" : std::to_string(c)) + "b"] = circuit.convert_pj(bits);
        }
        EXPECT_EQ(static_cast<double>(bank.convert(0, 0, 11, 0, 0).end_ps), ps);
        std::size_t rows = 0;
        for (const auto& r : energy.rows()) {
            ASSERT_EQ(r.part, "bank");
            EXPECT_EQ(r.unit, "conversion");
            ASSERT_TRUE(expected.count(r.action)) << r.action;
            EXPECT_DOUBLE_EQ(r.energy_pj(), expected[r.action]) << r.action;
            ++rows;
        }
        EXPECT_EQ(rows, expected.size());
        EXPECT_DOUBLE_EQ(bank.area_um2(), circuit.area_um2());
    }
}

TEST(adc_bank_model, sparse_columns_save_bits_and_exactly_their_energy) {
    const std::pair<double, int> cases[] = {{0, 0}, {0.4, 0}, {0.5, 1}, {0.75, 2}, {0.875, 3}, {0.9, 3}, {1, 7}};
    for (const bool skips : {false, true})
        for (const auto& [sparsity, saved] : cases) {
            ledger dense_energy, sparse_energy;
            auto p = sar_bank(16, 4);
            p.adc.skips_sparse_bits = skips;
            adc_bank_model dense(p, "bank", dense_energy), sparse(p, "bank", sparse_energy);
            for (std::int64_t c = 0; c < 16; ++c) sparse.set_column_sparsity(c, sparsity);
            const int bits = skips ? 8 - saved : 8;
            EXPECT_EQ(sparse.resolution(3), bits);
            EXPECT_EQ(dense.convert(0, 0, 16, 0, 0).end_ps, 4 * 800);
            EXPECT_EQ(sparse.convert(0, 0, 16, 0, 0).end_ps, 4 * 100 * bits) << "a decision a bit";
            EXPECT_NEAR(dense_energy.total_pj() - sparse_energy.total_pj(),
                        16 * (0.003 * (8 - bits) + 0.0001 * (256 - (1 << bits))), 1e-12);
        }
}

TEST(adc_bank_model, codes_are_rounded_and_clamped) {
    ledger energy;
    auto p = sar_bank(2, 1);
    p.lsb_units = 3;
    adc_bank_model bank(p, "bank", energy);
    bank.set_resolution(1, 5);
    const std::pair<std::int32_t, std::int32_t> cases[] = {{0, 0},       {1, 0},       {2, 1},        {-1, 0},
                                                           {-2, -1},     {381, 127},   {383, 127},    {1000000, 127},
                                                           {-384, -128}, {-999, -128}, {126 * 3, 126}};
    for (const auto& [sample, code] : cases) {
        EXPECT_EQ(bank.code(sample, 0), code) << sample;
        EXPECT_EQ(bank.code(sample, 1), std::clamp(code, -16, 15)) << "fewer levels of the same size";
    }
    p.is_signed = false;
    p.lsb_units = 1;
    p.adc.bits = std::log2(11); // 11 levels
    adc_bank_model eleven(p, "eleven", energy);
    EXPECT_EQ(eleven.code(-5, 0), 0);
    EXPECT_EQ(eleven.code(7, 0), 7);
    EXPECT_EQ(eleven.code(11, 0), 10);
    p.is_signed = true;
    adc_bank_model both(p, "both", energy);
    EXPECT_EQ(both.code(-100, 0), -5);
    EXPECT_EQ(both.code(100, 0), 5);
    EXPECT_EQ(both.code(std::numeric_limits<std::int32_t>::min(), 0), -5);
}

TEST(adc_bank_model, refuses_what_makes_no_sense) {
    ledger energy;
    const auto build = [&](auto change) {
        auto p = sar_bank(12, 4);
        change(p);
        adc_bank_model bank(p, "bank", energy);
    };
    using parameters = adc_bank_parameters;
    build([](parameters&) {});
    build([](parameters& p) { p.adc.count = 13, p.assignment = adc_assignment::any_free; });
    EXPECT_THROW(build([](parameters& p) { p.adc.kind = adc_kind::none; }), input_error);
    EXPECT_THROW(build([](parameters& p) { p.adc.bits = 0; }), input_error);
    EXPECT_THROW(build([](parameters& p) { p.adc.bits = 17; }), input_error);
    EXPECT_THROW(build([](parameters& p) { p.adc.count = 13; }), input_error);
    EXPECT_THROW(build([](parameters& p) { p.adc.count = -1; }), input_error);
    EXPECT_THROW(build([](parameters& p) { p.adc.columns_per_adc = 3; }), input_error);
    EXPECT_THROW(build([](parameters& p) { p.adc.columns_per_adc = 0; }), input_error);
    EXPECT_THROW(build([](parameters& p) { p.columns = 0; }), input_error);
    EXPECT_THROW(build([](parameters& p) { p.columns = std::int64_t{1} << 40; }), input_error);
    EXPECT_THROW(build([](parameters& p) { p.lsb_units = 0; }), input_error);
    EXPECT_THROW(build([](parameters& p) { p.lsb_units = std::nan(""); }), input_error);
    EXPECT_THROW(build([](parameters& p) { p.adc.conversion_ps = 1e30; }), input_error);
    EXPECT_THROW(build([](parameters& p) { p.point.technology.node_nm = 0; }), input_error);
    adc_bank_model bank(sar_bank(12, 4), "bank", energy);
    for (const double bits : {0.0, -1.0, 8.5, std::nan("")}) EXPECT_THROW(bank.set_resolution(0, bits), input_error);
    for (const std::int64_t column : {-1, 12}) EXPECT_THROW(bank.set_resolution(column, 4), input_error);
    for (const double s : {-0.1, 1.1, std::nan("")}) EXPECT_THROW(bank.set_column_sparsity(0, s), input_error);
    EXPECT_THROW(bank.convert(0, 0, 13, 0, 0), std::logic_error);
    EXPECT_THROW(bank.convert(0, -1, 1, 0, 0), std::logic_error);
    EXPECT_THROW(bank.convert(0, 0, 0, 0, 0), std::logic_error);
    EXPECT_THROW(bank.convert(0, 0, 1, 7, 0), std::logic_error) << "no such requester";
    EXPECT_EQ(bank.busy_ps(), 0);
}

// A decision of a sense amplifier falls into the evaluation.
TEST(adc_bank_model, a_conversion_may_take_no_time) {
    ledger energy;
    auto p = sar_bank(4, 2);
    p.adc.kind = adc_kind::sense_amplifier;
    p.adc.bits = 1;
    adc_bank_model bank(p, "bank", energy);
    const auto t = bank.convert(70, 0, 4, 0, 0);
    EXPECT_EQ(t.end_ps, 70);
    EXPECT_EQ(bank.utilisation(), 0);
    EXPECT_NEAR(energy.total_pj(), 4 * 0.003, 1e-12);
}

} // namespace
