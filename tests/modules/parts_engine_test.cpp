/// Engines of many charges that are not exact, in the modules: rows as the cost model has them, operands in slices.
#include <cimtlm/mapping/rules.h>
#include <cimtlm/modules/crossbar_macro_model.h>
#include <cimtlm/modules/matrix_data.h>

#include <cim_registers.h>

#include <cstdio>
#include <map>

#include "compute_block_bench.h"
#include "measured_charges.h"
#include "parts_engine.h"
#include "study_machines.h"

namespace {

using namespace cimtlm;
using test::parts_engine;

std::map<std::string, double> mac_rows(const ledger& l) {
    std::map<std::string, double> pj;
    for (const auto& r : l.rows())
        if (r.part == "mac" && r.count > 0) pj[r.action] = r.energy_pj();
    return pj;
}

// Jobs of different statistics, two at a time in the block.
TEST(parts_engine, a_compute_block_charges_the_rows_of_the_cost_model) {
    const auto seed = std::random_device{}();
    std::printf("seed %u\n", seed);
    std::mt19937_64 random(seed);
    const auto upto = [&](std::int64_t n) {
        return 1 + static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(n));
    };
    const auto share = [&] { return static_cast<double>(random() % 100) / 100; };
    std::vector<std::unique_ptr<block_bench::bench>> benches;
    std::vector<ledger> expected;
    for (const auto& target : {block_bench::tensor_machine(), study::rf("digital_6t", 2), study::rf("analog_8t", 3)}) {
        benches.push_back(std::make_unique<block_bench::bench>(target.name.c_str(), target,
                                                               std::make_shared<parts_engine>(target.matrix_engine())));
        auto& b = *benches.back();
        auto& rows = expected.emplace_back();
        auto& jobs = b.stretches.emplace_back();
        for (int i = 0; i < 12; ++i) {
            auto g = block_bench::product(upto(40), upto(90), upto(300));
            if (random() % 4) g.statistics = {share(), share(), share()};
            if (target.cim) g.bits.a = random() % 2 ? 8 : 16;
            const auto shape = nest_slots(target, g.bits);
            const auto nest =
                target.cim ? to_text(map_by_rules(g, target, shape), shape) : block_bench::tiling{}.nest(g);
            jobs.push_back(b.job(g, nest));
            b.cost.charge(rows, g, count_accesses(b.nests.back(), g, target, false), 0);
        }
    }
    sc_core::sc_start();
    for (std::size_t i = 0; i < benches.size(); ++i) {
        SCOPED_TRACE(benches[i]->m.name);
        ASSERT_EQ(benches[i]->results.size(), 1u);
        const auto want = mac_rows(expected[i]), have = mac_rows(benches[i]->energy);
        EXPECT_EQ(want.count("multiply_accumulate"), 0u);
        EXPECT_EQ(want.count("convert_4b") + want.count("convert_5b"), 2u);
        ASSERT_EQ(have.size(), want.size());
        for (const auto& [action, pj] : want) EXPECT_NEAR(have.at(action), pj, 1e-9 * pj) << action;
    }
}

std::int64_t operand(std::mt19937_64& random, int bits, bool is_unsigned) {
    return static_cast<std::int64_t>(random() % (std::uint64_t{1} << bits)) -
           (is_unsigned ? 0 : std::int64_t{1} << (bits - 1));
}

struct matrix {
    std::int64_t columns;
    std::vector<std::int64_t> values;
    std::int64_t at(std::int64_t row, std::int64_t column) const {
        return values[static_cast<std::size_t>(row * columns + column)];
    }
    std::vector<unsigned char> bytes(int bits) const {
        std::vector<unsigned char> all;
        for (auto v : values)
            for (int b = 0; b < bits; b += 8) all.push_back(static_cast<unsigned char>(v >> b));
        return all;
    }
};

matrix random_matrix(std::mt19937_64& random, std::int64_t rows, std::int64_t columns, int bits, bool is_unsigned) {
    matrix m{columns, {}};
    for (std::int64_t i = 0; i < rows * columns; ++i) m.values.push_back(operand(random, bits, is_unsigned));
    return m;
}

/// A result as the engine's steps give it, each of `rows_a_step` rows, by the digits of the operands.
std::int64_t in_steps(const parts_engine& e, const matrix& a, int a_bits, const matrix& b, int b_bits, std::int64_t row,
                      std::int64_t column, std::int64_t begin, std::int64_t end, std::int64_t rows_a_step) {
    const auto g = e.geometry();
    const auto x = e.input_slices(a_bits), y = e.weight_slices(b_bits);
    std::int64_t total = 0;
    for (auto from = begin; from < end; from += rows_a_step)
        for (std::int64_t i = 0; i < x; ++i)
            for (std::int64_t j = 0; j < y; ++j) {
                std::int64_t sum = 0;
                for (auto k = from; k < std::min(from + rows_a_step, end); ++k)
                    sum += test::digit(a.at(row, k), i, x, g.input_bits) *
                           test::digit(b.at(k, column), j, y, g.weight_bits);
                total += e.quantised(sum) * (std::int64_t{1} << (i * g.input_bits + j * g.weight_bits));
            }
    return total;
}

published_macro_parameters narrow_macro(int input_bits, int weight_bits) {
    published_macro_parameters p;
    p.name = "narrow";
    p.rows_parallel = 5;
    p.columns_parallel = 16;
    p.rows_held = 3;
    p.columns_held = 2;
    p.input_bits = input_bits;
    p.weight_bits = weight_bits;
    p.latency_ps = 1000;
    return p;
}

TEST(parts_engine, a_product_is_computed_in_slices_and_steps_of_the_nest) {
    const auto seed = std::random_device{}();
    std::printf("seed %u\n", seed);
    std::mt19937_64 random(seed);
    for (int i = 0; i < 100; ++i) {
        auto m = study::rf("digital_6t", 1);
        m.cim->macro = narrow_macro(1 + static_cast<int>(random() % 8), 4 + static_cast<int>(random() % 5));
        const parts_engine parts(
            std::make_shared<published_macro>(
                narrow_macro(m.matrix_engine()->geometry().input_bits, m.matrix_engine()->geometry().weight_bits)),
            1 + static_cast<std::int64_t>(random() % 9));
        gemm g;
        g.m = 3;
        g.n = 7;
        g.k = 23;
        g.bits = {random() % 2 ? 8 : 16, random() % 2 ? 8 : 16, 32, 32};
        const auto shape = nest_slots(m, g.bits);
        const std::int64_t rows_a_step = i % 2 ? 5 : 4; // of 5: the nest says how many
        const auto nest = parse_nest(
            i % 2 ? "dram K2 M3 N4 / array K5 N2 / hold K3" : "dram K2 M3 N4 / array K4 N2 / hold K3", shape, "nest");
        ASSERT_EQ(why_impossible(nest, g, m, shape), "");
        const flat_nest flat(nest, m, shape);
        const matrix_arithmetic how{random() % 2 == 0, random() % 2 == 0};
        const auto a = random_matrix(random, g.m, g.k, g.bits.a, how.a_unsigned);
        const auto b = random_matrix(random, g.k, g.n, g.bits.b, how.b_unsigned);
        matrix_job job;
        job.product = g;
        job.nest = &flat;
        job.base_address = {0, 1 << 20, 2 << 20};
        job.row_bytes = {g.k * g.bits.a / 8, g.n * g.bits.b / 8, g.n * 4};
        matrix_data data(parts, how);
        data.begin(job);
        const auto put = [&](std::uint64_t address, const std::vector<unsigned char>& bytes) {
            data.image().write(address, bytes.data(), bytes.size());
        };
        put(job.base_address[0], a.bytes(g.bits.a));
        put(job.base_address[1], b.bytes(g.bits.b));
        std::vector<std::uint32_t> expected(static_cast<std::size_t>(g.m * g.n), 0), results(expected.size());
        tile_sequence tiles(flat, g, m, false);
        while (tiles.next()) {
            const auto& t = tiles.current();
            data.multiply(t, t.extent[0]);
            for (auto row = t.origin[0]; row < t.origin[0] + t.extent[0]; ++row)
                for (auto column = t.origin[1]; column < t.origin[1] + t.extent[1]; ++column)
                    expected[static_cast<std::size_t>(row * g.n + column)] +=
                        static_cast<std::uint32_t>(in_steps(parts, a, g.bits.a, b, g.bits.b, row, column, t.origin[2],
                                                            t.origin[2] + t.extent[2], rows_a_step));
        }
        data.put({0, 0, 0}, {g.m, g.n, g.k}, true);
        data.image().read(job.base_address[2], reinterpret_cast<unsigned char*>(results.data()), results.size() * 4);
        EXPECT_EQ(results, expected) << i;
    }
}

TEST(parts_engine, a_bare_macro_computes_in_slices_and_charges_by_its_operands) {
    const auto seed = std::random_device{}();
    std::printf("seed %u\n", seed);
    std::mt19937_64 random(seed);
    for (int i = 0; i < 60; ++i) {
        const auto parts =
            std::make_shared<parts_engine>(std::make_shared<published_macro>(narrow_macro(
                                               1 + static_cast<int>(random() % 8), 1 + static_cast<int>(random() % 8))),
                                           4);
        ledger energy;
        crossbar_macro_model macro(parts, 1000, "mac", energy, energy_basis::operation);
        const int a_bits = random() % 2 ? 8 : 16, b_bits = random() % 2 ? 8 : 16;
        const bool a_unsigned = random() % 2, b_unsigned = random() % 2;
        macro.set_precision(static_cast<std::uint32_t>(a_bits | b_bits << 8) |
                            (a_unsigned ? CIM_MACRO_PRECISION_INPUT_UNSIGNED : 0u) |
                            (b_unsigned ? CIM_MACRO_PRECISION_WEIGHT_UNSIGNED : 0u));
        if (macro.max_columns() == 0) continue; // too wide for a step
        const auto rows = 1 + static_cast<std::int64_t>(random() % 15);
        const auto columns = 1 + static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(macro.max_columns()));
        const auto a = random_matrix(random, 1, rows, a_bits, a_unsigned);
        const auto b = random_matrix(random, rows, columns, b_bits, b_unsigned);
        using region = crossbar_macro_model::region;
        const auto inputs = a.bytes(a_bits), weights = b.bytes(b_bits);
        macro.write(region::inputs, 0, inputs.data(), static_cast<std::int64_t>(inputs.size()), 0);
        for (std::int64_t r = 0; r < rows; ++r)
            macro.write(region::weights, r * macro.weight_stride_bytes(), weights.data() + r * columns * b_bits / 8,
                        columns * b_bits / 8, 0);
        macro.set_rows_used(static_cast<std::uint32_t>(rows));
        macro.set_columns_used(static_cast<std::uint32_t>(columns));
        macro.control(CIM_MACRO_CONTROL_START, 0);
        ASSERT_EQ(macro.error(), CIM_MACRO_ERROR_NONE);
        std::vector<std::uint32_t> results(static_cast<std::size_t>(columns)), expected;
        macro.read(region::outputs, 0, reinterpret_cast<unsigned char*>(results.data()), columns * 4, macro.end_ps());
        for (std::int64_t c = 0; c < columns; ++c)
            expected.push_back(static_cast<std::uint32_t>(in_steps(*parts, a, a_bits, b, b_bits, 0, c, 0, rows, 5)));
        EXPECT_EQ(results, expected);

        auto pj = mac_rows(energy);
        pj.erase("padding");
        const auto charged = measured_charges(*parts, energy_basis::operation, {a.values.begin(), a.values.end()},
                                              a_bits, {b.values.begin(), b.values.end()}, b_bits);
        EXPECT_LE(pj.size(), charged.size());
        for (const auto& [action, of] : charged) EXPECT_NEAR(pj[action], of, 1e-9 * of) << action;
    }
}

} // namespace
