// What a composed macro computes: slices of inputs and weights, converters between them and the result.
#include <cimtlm/macro/composed_macro.h>
#include <cimtlm/macro/operand_slices.h>

#include <Random123/boxmuller.hpp>
#include <Random123/philox.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace cimtlm {

namespace {

/// A normal number that follows from what it is for, in whatever order it is asked for.
double normal_number(std::uint64_t key, std::uint64_t index) {
    r123::Philox2x64 generator;
    const auto bits = generator({{index, 0}}, {{key}});
    return r123::boxmuller(bits[0], bits[1]).x;
}

bool any_negative(const std::vector<std::int32_t>& values) {
    return std::any_of(values.begin(), values.end(), [](std::int32_t v) { return v < 0; });
}

} // namespace

double composed_macro::largest_sum() const {
    return static_cast<double>(energy_.array.rows_active()) * (std::pow(2, p_.input.bits) - 1) *
           (std::pow(2, sum_weight_bits()) - 1);
}

double composed_macro::lsb() const {
    if (!energy_.converter.present()) return 1;
    const double span = largest_sum() * (bipolar() ? 2 : 1);
    return std::max(1.0, span / (std::round(std::pow(2, p_.adc.bits)) - 1));
}

bool composed_macro::exact() const { return lsb() == 1 && p_.output_noise == 0; }

double composed_macro::convert(double sum, double noise) const {
    // A column that is mostly zero takes fewer levels of the same size.
    const double most = largest_sum() * std::pow(2, conversion_bits(p_.statistics) - p_.adc.bits);
    return std::round(std::clamp(sum + noise, -most, most) / lsb()) * lsb();
}

void composed_macro::compute(const std::vector<std::int32_t>& inputs, const std::vector<std::int32_t>& weights,
                             std::vector<std::int64_t>& outputs, std::uint64_t key) const {
    if (exact()) return engine::compute(inputs, weights, outputs, key);
    const auto rows = inputs.size(), columns = outputs.size();
    const auto g = geometry();
    if (rows > static_cast<std::size_t>(g.rows_parallel) || columns > static_cast<std::size_t>(g.columns_parallel) ||
        weights.size() != rows * columns)
        throw std::logic_error(name() + ": a step larger than the engine");
    // The highest slice carries the sign; an offset makes weights positive instead, and is taken off at the end.
    const bool offset = p_.encoding == weight_encoding::offset && any_negative(weights);
    const std::int32_t added = offset ? std::int32_t{1} << (p_.weight_bits - 1) : 0;
    const bool sign_and_magnitude = p_.encoding == weight_encoding::differential;
    const auto weight_slices = p_.slices_in_analog ? 1 : slices();
    const int slice_bits = sum_weight_bits();
    const auto slice_of_weight = [&](std::int32_t weight, std::int64_t s) {
        if (p_.slices_in_analog) return weight + added;
        if (!sign_and_magnitude && (offset || weight >= 0 || slice_bits == 1)) {
            const auto bits = operand_slice(weight + added, s, weight_slices, slice_bits);
            return bits; // one bit: -1 in the highest slice of a negative weight
        }
        const auto magnitude = operand_slice(std::abs(weight), s, weight_slices + 1, slice_bits);
        return weight < 0 ? -magnitude : magnitude;
    };
    const double sigma = p_.output_noise * largest_sum();
    std::uint64_t number = 0;
    for (std::size_t c = 0; c < columns; ++c) {
        double result = 0;
        for (std::int64_t i = 0; i < input_slices(); ++i)
            for (std::int64_t s = 0; s < weight_slices; ++s) {
                std::int64_t sum = 0;
                for (std::size_t r = 0; r < rows; ++r)
                    sum += std::int64_t{operand_slice(inputs[r], i, input_slices(), p_.input.bits)} *
                           slice_of_weight(weights[r * columns + c], s);
                const double noise = sigma > 0 ? sigma * normal_number(key, number++) : 0;
                result += std::ldexp(convert(static_cast<double>(sum), noise),
                                     static_cast<int>(i * p_.input.bits + s * slice_bits));
            }
        std::int64_t taken_off = 0;
        if (offset)
            for (std::size_t r = 0; r < rows; ++r) taken_off += std::int64_t{inputs[r]} * added;
        outputs[c] += std::llround(result) - taken_off;
    }
}

double composed_macro::exact_bits() const {
    return p_.input_bits + p_.weight_bits + std::log2(static_cast<double>(energy_.array.rows_active()));
}

double composed_macro::effective_bits() const {
    // Signal: sums of products of operands that are even over the signed range, 2^(2 bits) / 12 their mean square.
    const auto mean_square = [](int bits) { return std::pow(4, bits) / 12; };
    const double signal =
        static_cast<double>(energy_.array.rows_active()) * mean_square(p_.input_bits) * mean_square(p_.weight_bits);
    const double conversion = (lsb() > 1 ? lsb() * lsb() / 12 : 0) + std::pow(p_.output_noise * largest_sum(), 2);
    double noise = 0;
    const auto weight_slices = p_.slices_in_analog ? 1 : slices();
    for (std::int64_t i = 0; i < input_slices(); ++i)
        for (std::int64_t s = 0; s < weight_slices; ++s)
            noise += conversion * std::pow(4, static_cast<double>(i * p_.input.bits + s * sum_weight_bits()));
    if (!(noise > 0)) return exact_bits();
    constexpr double db_per_bit = 6.0206, db_of_sine = 1.761;
    return std::min(exact_bits(), std::max(0.0, (10 * std::log10(signal / noise) - db_of_sine) / db_per_bit));
}

} // namespace cimtlm
