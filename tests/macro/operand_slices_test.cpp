// Operands wider than an engine's, in slices.
#include "parts_engine.h"
#include "study_machines.h"

#include <cimtlm/macro/operand_slices.h>

#include <gtest/gtest.h>

#include <random>

namespace cimtlm {
namespace {

std::int32_t random_operand(std::mt19937_64& random, int bits) {
    const std::int64_t low = random() % 2 ? 0 : -(std::int64_t{1} << (bits - 1));
    return static_cast<std::int32_t>(low + static_cast<std::int64_t>(random() % (std::uint64_t{1} << bits)));
}

TEST(OperandSlices, AddUpToTheOperand) {
    const auto seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    for (int i = 0; i < 20000; ++i) {
        const int bits = 1 + static_cast<int>(random() % 16), own = 1 + static_cast<int>(random() % 16);
        const auto value = random_operand(random, bits);
        const std::int64_t slices = (bits + own - 1) / own;
        std::int64_t sum = 0;
        for (std::int64_t s = 0; s < slices; ++s) {
            const auto slice = operand_slice(value, s, slices, own);
            EXPECT_EQ(slice, test::digit(value, s, slices, own)) << value << " of " << bits << " by " << own;
            EXPECT_LT(slice, 1 << own);
            EXPECT_GE(slice, s + 1 == slices ? -(1 << (own - 1)) : 0);
            sum += slice * (std::int64_t{1} << (s * own));
        }
        EXPECT_EQ(sum, value);
    }
}

struct random_step {
    std::shared_ptr<const engine> exact;
    int input_bits, weight_bits;
    std::vector<std::int32_t> inputs, weights;
    std::size_t columns;

    explicit random_step(std::mt19937_64& random) {
        const auto upto = [&](int most) { return 1 + static_cast<int>(random() % static_cast<unsigned>(most)); };
        published_macro_parameters p;
        p.rows_parallel = 40;
        p.columns_parallel = 100;
        p.input_bits = upto(16);
        p.weight_bits = upto(16);
        exact = std::make_shared<published_macro>(p);
        input_bits = upto(16);
        weight_bits = upto(16);
        columns = static_cast<std::size_t>(upto(6));
        const auto rows = upto(40);
        for (int r = 0; r < rows; ++r) inputs.push_back(random_operand(random, input_bits));
        for (std::size_t i = 0; i < static_cast<std::size_t>(rows) * columns; ++i)
            weights.push_back(random_operand(random, weight_bits));
    }
};

TEST(OperandSlices, AStepGivesWhatItsDigitsGive) {
    const auto seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    for (int i = 0; i < 500; ++i) {
        const random_step s(random);
        const test::parts_engine parts(s.exact, 1 + static_cast<std::int64_t>(random() % 9));
        const auto g = parts.geometry();
        const auto a = parts.input_slices(s.input_bits), b = parts.weight_slices(s.weight_bits);
        std::vector<std::int64_t> exact(s.columns, 7), sums(s.columns, 7), expected(s.columns, 7), quantised = expected;
        for (std::size_t c = 0; c < s.columns; ++c) {
            for (std::size_t r = 0; r < s.inputs.size(); ++r)
                expected[c] += std::int64_t{s.inputs[r]} * s.weights[r * s.columns + c];
            for (std::int64_t x = 0; x < a; ++x)
                for (std::int64_t y = 0; y < b; ++y) {
                    std::int64_t sum = 0;
                    for (std::size_t r = 0; r < s.inputs.size(); ++r)
                        sum += test::digit(s.inputs[r], x, a, g.input_bits) *
                               test::digit(s.weights[r * s.columns + c], y, b, g.weight_bits);
                    quantised[c] += parts.quantised(sum) * (std::int64_t{1} << (x * g.input_bits + y * g.weight_bits));
                }
        }
        std::uint64_t key = 0;
        compute_sliced(*s.exact, s.inputs, s.input_bits, sliced_weights(*s.exact, s.weights, s.weight_bits),
                       s.weight_bits, exact, key);
        EXPECT_EQ(key, static_cast<std::uint64_t>(a)) << "a step for each slice of the inputs";
        EXPECT_EQ(exact, expected);
        key = 0;
        compute_sliced(parts, s.inputs, s.input_bits, sliced_weights(parts, s.weights, s.weight_bits), s.weight_bits,
                       sums, key);
        EXPECT_EQ(sums, quantised);
    }
}

TEST(Engine, ChargesOneRowAMacUnlessItSaysMore) {
    const published_macro e(study::macro("digital_6t"));
    EXPECT_TRUE(e.exact());
    for (auto basis : {energy_basis::mac, energy_basis::operation})
        for (const auto& s : {e.nominal_statistics(), operand_statistics{0.1, 0.2, 0.3}}) {
            const auto charges = e.mac_charges(basis, s);
            ASSERT_EQ(charges.size(), 1u);
            EXPECT_EQ(charges[0].action, "multiply_accumulate");
            EXPECT_EQ(charges[0].unit, "MAC");
            EXPECT_EQ(charges[0].unit_energy_pj, e.mac_pj(basis));
            EXPECT_EQ(charges[0].per_mac, 1);
        }
}

} // namespace
} // namespace cimtlm
