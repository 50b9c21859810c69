#include "composed_bench.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <random>

using namespace cimtlm;

namespace {

struct operands {
    std::vector<std::int32_t> inputs, weights;
    std::vector<std::int64_t> exact;
};

operands random_operands(const engine_geometry& g, std::mt19937& random, bool with_sign) {
    const auto pick = [&](int bits) {
        const int low = with_sign ? -(1 << (bits - 1)) : 0, high = with_sign ? (1 << (bits - 1)) - 1 : (1 << bits) - 1;
        return std::uniform_int_distribution<std::int32_t>(low, high)(random);
    };
    operands o;
    for (std::int64_t r = 0; r < g.rows_parallel; ++r) o.inputs.push_back(pick(g.input_bits));
    for (std::int64_t i = 0; i < g.rows_parallel * g.columns_parallel; ++i) o.weights.push_back(pick(g.weight_bits));
    const auto columns = static_cast<std::size_t>(g.columns_parallel);
    o.exact.assign(columns, 0);
    for (std::size_t r = 0; r < o.inputs.size(); ++r)
        for (std::size_t c = 0; c < columns; ++c) o.exact[c] += std::int64_t{o.inputs[r]} * o.weights[r * columns + c];
    return o;
}

std::vector<std::int64_t> results(const composed_macro& m, const operands& o, std::uint64_t key) {
    std::vector<std::int64_t> outputs(o.exact.size(), 0);
    m.compute(o.inputs, o.weights, outputs, key);
    return outputs;
}

/// Every way of holding and slicing numbers.
std::vector<composed_macro_parameters> ways() {
    std::vector<composed_macro_parameters> all;
    auto p = small_composed();
    p.array.columns = 32;
    for (const int slices : {0, 1})
        for (const auto encoding :
             {weight_encoding::twos_complement, weight_encoding::differential, weight_encoding::offset})
            for (const int bits : {1, 2, 4}) {
                p.slices_in_analog = slices;
                p.encoding = encoding;
                p.input.bits = bits;
                p.input.kind = bits == 1 ? driver_kind::binary : driver_kind::multi_bit;
                all.push_back(p);
            }
    p.array.cell = cell_kind::resistive;
    p.array.summation = summation::current;
    p.array.cell_bits = 2;
    p.slices_in_analog = false;
    for (const auto encoding : {weight_encoding::differential, weight_encoding::offset}) {
        p.encoding = encoding;
        all.push_back(p);
    }
    return all;
}

} // namespace

TEST(composed_results, are_exact_where_the_converter_tells_every_sum_apart) {
    std::mt19937 random(7);
    for (auto p : ways()) {
        p.adc.bits = 16;
        const composed_macro m(p);
        EXPECT_TRUE(m.exact());
        for (int i = 0; i < 20; ++i)
            for (const bool with_sign : {false, true}) {
                const auto o = random_operands(m.geometry(), random, with_sign);
                ASSERT_EQ(results(m, o, static_cast<std::uint64_t>(i)), o.exact) << "seed 7, round " << i;
            }
    }
    EXPECT_TRUE(composed_macro(small_digital()).exact());
}

TEST(composed_results, slicing_alone_changes_nothing) {
    // A converter of many levels with a trace of noise goes the long way through slices, signs and offsets.
    std::mt19937 random(8);
    for (auto p : ways()) {
        p.adc.bits = 16;
        p.output_noise = 1e-12;
        const composed_macro m(p);
        EXPECT_FALSE(m.exact());
        for (int i = 0; i < 20; ++i)
            for (const bool with_sign : {false, true}) {
                const auto o = random_operands(m.geometry(), random, with_sign);
                ASSERT_EQ(results(m, o, static_cast<std::uint64_t>(i)), o.exact)
                    << "seed 8, round " << i << ", encoding " << static_cast<int>(p.encoding) << ", input bits "
                    << p.input.bits << ", in analog " << p.slices_in_analog;
            }
    }
}

TEST(composed_results, effective_bits_are_what_the_results_are_worth) {
    std::mt19937 random(9);
    for (auto p : ways())
        for (const double bits : {2.0, 3.0, 5.0, 7.0, 9.0}) {
            p.adc.bits = bits;
            const composed_macro m(p);
            if (m.exact() || m.effective_bits() > 12) continue; // too few clipped sums to measure
            double signal = 0, noise = 0;
            for (int i = 0; i < 400; ++i) {
                const auto o = random_operands(m.geometry(), random, true);
                const auto r = results(m, o, static_cast<std::uint64_t>(i));
                for (std::size_t c = 0; c < r.size(); ++c) {
                    signal += std::pow(static_cast<double>(o.exact[c]), 2);
                    noise += std::pow(static_cast<double>(r[c] - o.exact[c]), 2);
                }
            }
            const double measured = std::max(0.0, (10 * std::log10(signal / noise) - 1.761) / 6.0206);
            const auto way = "encoding " + std::to_string(static_cast<int>(p.encoding)) + ", input bits " +
                             std::to_string(p.input.bits) + ", in analog " + std::to_string(p.slices_in_analog) +
                             ", converter " + std::to_string(bits) + ", cell bits " + std::to_string(p.array.cell_bits);
            EXPECT_LT(m.effective_bits(), measured + 0.6) << way;
            // Fine converters lose by rare clipping, which a normal tail overstates for sums that have an end.
            if (bits <= 5) {
                EXPECT_GT(m.effective_bits(), measured - 0.5) << way;
            }
        }
}

TEST(composed_results, nothing_in_gives_nothing_out) {
    for (auto p : ways())
        for (const double bits : {1.0, 4.0, 6.0}) {
            p.adc.bits = bits;
            const composed_macro m(p);
            std::mt19937 random(13);
            auto o = random_operands(m.geometry(), random, true);
            std::fill(o.inputs.begin(), o.inputs.end(), 0);
            o.exact.assign(o.exact.size(), 0);
            ASSERT_EQ(results(m, o, 0), o.exact) << "converter " << bits;
        }
}

TEST(composed_results, small_sparse_and_few_operands_lose_no_more_than_even_ones) {
    // Inputs behind a ReLU, inputs that are mostly small, weights that are mostly zero, a quarter of the rows: the
    // error of a conversion is that of an even product or less, whatever is left of the signal.
    std::mt19937 random(14);
    for (auto p : ways())
        for (const double bits : {4.0, 6.0}) {
            p.adc.bits = bits;
            const composed_macro m(p);
            if (m.exact()) continue;
            const auto error = [&](int kind) {
                double sum = 0;
                for (int i = 0; i < 60; ++i) {
                    auto o = random_operands(m.geometry(), random, true);
                    const auto columns = o.exact.size();
                    for (std::size_t r = 0; r < o.inputs.size(); ++r) {
                        if (kind == 1) o.inputs[r] = std::max(o.inputs[r], 0);
                        if (kind == 2) o.inputs[r] /= 3;
                        if (kind == 3 && r >= o.inputs.size() / 4) o.inputs[r] = 0;
                        if (kind == 4 && r % 4)
                            for (std::size_t c = 0; c < columns; ++c) o.weights[r * columns + c] = 0;
                    }
                    o.exact.assign(columns, 0);
                    for (std::size_t r = 0; r < o.inputs.size(); ++r)
                        for (std::size_t c = 0; c < columns; ++c)
                            o.exact[c] += std::int64_t{o.inputs[r]} * o.weights[r * columns + c];
                    const auto given = results(m, o, static_cast<std::uint64_t>(i));
                    for (std::size_t c = 0; c < columns; ++c)
                        sum += std::pow(static_cast<double>(given[c] - o.exact[c]), 2);
                }
                return std::sqrt(sum);
            };
            const double even = error(0);
            for (const int kind : {1, 2, 3, 4})
                EXPECT_LE(error(kind), 2.5 * even) << "seed 14, kind " << kind << ", converter " << bits
                                                   << ", encoding " << static_cast<int>(p.encoding) << ", input bits "
                                                   << p.input.bits << ", in analog " << p.slices_in_analog;
        }
}

TEST(composed_results, a_bit_of_the_converter_is_a_bit_of_the_result) {
    auto p = small_composed();
    p.slices_in_analog = true;
    p.input.kind = driver_kind::multi_bit;
    p.input.bits = 4;
    double before = 0;
    for (double bits = 3; bits <= 9; ++bits) {
        p.adc.bits = bits;
        const double effective = composed_macro(p).effective_bits();
        if (before > 0) {
            EXPECT_NEAR(effective - before, 1, 0.25) << bits;
        }
        before = effective;
    }
}

TEST(composed_results, noise_follows_its_key_and_its_size) {
    std::mt19937 random(10);
    auto p = small_composed();
    p.slices_in_analog = true;
    p.input.kind = driver_kind::multi_bit;
    p.input.bits = 4;
    p.adc.bits = 14;
    const auto o = random_operands(composed_macro(p).geometry(), random, true);
    const auto spread = [&](double noise) {
        p.output_noise = noise;
        const composed_macro m(p);
        double sum = 0;
        for (std::uint64_t key = 0; key < 500; ++key) {
            const auto r = results(m, o, key);
            for (std::size_t c = 0; c < r.size(); ++c) sum += std::pow(static_cast<double>(r[c] - o.exact[c]), 2);
        }
        return std::sqrt(sum / (500.0 * static_cast<double>(o.exact.size())));
    };
    EXPECT_NEAR(spread(0.02) / spread(0.01), 2, 0.1);
    p.output_noise = 0.02;
    const composed_macro m(p);
    EXPECT_EQ(results(m, o, 5), results(m, o, 5));
    EXPECT_NE(results(m, o, 5), results(m, o, 6));
}

TEST(composed_results, sparse_columns_lose_nothing_where_they_are_as_sparse_as_stated) {
    auto p = small_composed();
    p.array.columns = 32;
    p.weight_bits = 1;
    p.adc.bits = 8; // 128 rows: sums to 128, told apart by 8 bits
    p.adc.skips_sparse_bits = true;
    p.output_noise = 1e-12; // the long way
    p.statistics.column_sparsity = 0.75;
    const composed_macro m(p);
    std::mt19937 random(11);
    for (int i = 0; i < 50; ++i) {
        auto o = random_operands(m.geometry(), random, false);
        o.exact.assign(o.exact.size(), 0);
        for (std::size_t r = 0; r < o.inputs.size(); ++r)
            for (std::size_t c = 0; c < o.exact.size(); ++c) {
                auto& w = o.weights[r * o.exact.size() + c];
                if (r % 4) w = 0; // three of four
                o.exact[c] += std::int64_t{o.inputs[r]} * w;
            }
        ASSERT_EQ(results(m, o, 0), o.exact) << "seed 11, round " << i;
    }
}
