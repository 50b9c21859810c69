// What a composed macro computes: slices of inputs and weights, converters between them and the result.
#include <cimtlm/base/random.h>
#include <cimtlm/macro/composed_macro.h>
#include <cimtlm/macro/operand_slices.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace cimtlm {

namespace {

constexpr double converted_deviations = 4; ///< around the mean; 1 sum in 16000 lies beyond

/// Mean square of what a normal number exceeds `limit` standard deviations by, on one side.
double clipped_square(double limit) {
    const double density = std::exp(-limit * limit / 2) / std::sqrt(2 * 3.14159265358979),
                 beyond = std::erfc(limit / std::sqrt(2.0)) / 2;
    return std::max(0.0, (1 + limit * limit) * beyond - limit * density);
}

bool is_negative(std::int32_t value) { return value < 0; }

} // namespace

// Numbers that one slice takes, all of them as often.
composed_macro::slice_numbers composed_macro::unsigned_numbers(int bits) {
    const double most = std::pow(2, bits) - 1;
    return {0, most, most / 2, most * (2 * most + 1) / 6};
}

composed_macro::slice_numbers composed_macro::signed_numbers(int bits) {
    const double half = std::pow(2, bits - 1);
    return {-half, half - 1, -0.5, (4 * half * half + 2) / 12};
}

// A single bit of a highest slice is added up like the others, and its sum taken off.
composed_macro::slice_numbers composed_macro::input_numbers(bool has_sign) const {
    return has_sign && p_.input.bits > 1 ? signed_numbers(p_.input.bits) : unsigned_numbers(p_.input.bits);
}

composed_macro::slice_numbers composed_macro::weight_numbers(bool has_sign) const {
    const int bits = sum_weight_bits();
    if (is_differential() && !p_.slices_in_analog) { // magnitudes of either sign
        const auto one = unsigned_numbers(bits);
        return {-one.high, one.high, 0, one.square};
    }
    const bool sign_in_cells = p_.slices_in_analog && p_.encoding != weight_encoding::offset;
    return has_sign && sign_in_cells ? signed_numbers(bits) : unsigned_numbers(bits);
}

composed_macro::sum_range composed_macro::possible_sums(const slice_numbers& a, const slice_numbers& b) const {
    const auto rows = static_cast<double>(energy_.array.rows_active());
    const auto products = {a.low * b.low, a.low * b.high, a.high * b.low, a.high * b.high};
    return {rows * std::min(products), rows * std::max(products)};
}

composed_macro::sum_range composed_macro::converted_sums(const slice_numbers& a, const slice_numbers& b) const {
    const auto possible = possible_sums(a, b);
    // Bits are left out where sums are smaller by as much: then the whole range has to be the largest sum's. With an
    // offset it has to be, too: zeros are the middle of the range, and add up.
    if (p_.adc.skips_sparse_bits || p_.encoding == weight_encoding::offset || possible.high - possible.low <= steps())
        return possible;
    const double mean = expected_sum(a, b), spread = converted_deviations * deviation_of_sum(a, b);
    // Sums without sign begin at zero: operands may be smaller, or sparse. Levels to spare reach further out.
    const double low = possible.low < 0 ? std::max(possible.low, std::floor(mean - spread)) : 0;
    const double high = std::min(possible.high, std::ceil(mean + spread)),
                 spare = std::max(0.0, steps() - (high - low));
    const double below = possible.low < 0 ? std::floor(spare / 2) : 0;
    return {std::max(possible.low, low - below), std::min(possible.high, high + spare - below)};
}

double composed_macro::expected_sum(const slice_numbers& a, const slice_numbers& b) const {
    return static_cast<double>(energy_.array.rows_active()) * a.mean * b.mean;
}

double composed_macro::deviation_of_sum(const slice_numbers& a, const slice_numbers& b) const {
    return std::sqrt(static_cast<double>(energy_.array.rows_active()) *
                     (a.square * b.square - std::pow(a.mean * b.mean, 2)));
}

double composed_macro::steps() const { return std::max(1.0, std::round(std::pow(2, p_.adc.bits)) - 1); }

double composed_macro::lsb(const sum_range& converted) const {
    return std::max(1.0, (converted.high - converted.low) / steps());
}

bool composed_macro::exact() const {
    if (!energy_.converter.present()) return true;
    if (p_.output_noise > 0 || kept_range() < 1) return false;
    for (const bool a : {false, true})
        for (const bool b : {false, true}) {
            const auto possible = possible_sums(input_numbers(a), weight_numbers(b));
            if (possible.high - possible.low > steps()) return false;
        }
    return true;
}

double composed_macro::kept_range() const { return std::pow(2, conversion_bits(p_.statistics) - p_.adc.bits); }

double composed_macro::convert(double sum, const sum_range& range) const {
    // A column that is mostly zero takes fewer levels of the same size. Nothing in gives nothing out.
    const double size = lsb(range), kept = kept_range();
    return std::round(std::clamp(sum, kept * range.low, kept * range.high) / size) * size;
}

void composed_macro::compute(const std::vector<std::int32_t>& inputs, const std::vector<std::int32_t>& weights,
                             std::vector<std::int64_t>& outputs, std::uint64_t key) const {
    if (exact()) return engine::compute(inputs, weights, outputs, key);
    const auto rows = inputs.size(), columns = outputs.size();
    const auto g = geometry();
    if (rows > static_cast<std::size_t>(g.rows_parallel) || columns > static_cast<std::size_t>(g.columns_parallel) ||
        weights.size() != rows * columns)
        throw std::logic_error(name() + ": a step larger than the engine");
    const bool input_sign = std::any_of(inputs.begin(), inputs.end(), is_negative);
    const auto weight_slices = p_.slices_in_analog ? 1 : slices();
    const int slice_bits = sum_weight_bits();
    const bool sign_column = p_.encoding == weight_encoding::twos_complement && !p_.slices_in_analog;
    std::vector<std::int32_t> column(rows), input_slice(rows);
    for (std::size_t c = 0; c < columns; ++c) {
        for (std::size_t r = 0; r < rows; ++r) column[r] = weights[r * columns + c];
        // Of weights wider than the macro's only the columns of the highest slice have a sign.
        const bool weight_sign = std::any_of(column.begin(), column.end(), is_negative);
        // An offset makes weights positive, and is taken off at the end.
        const std::int32_t added =
            p_.encoding == weight_encoding::offset && weight_sign ? std::int32_t{1} << (p_.weight_bits - 1) : 0;
        const auto slice_of_weight = [&](std::int32_t weight, std::int64_t s) {
            if (p_.slices_in_analog) return weight + added;
            if (!is_differential()) return std::abs(operand_slice(weight + added, s, weight_slices, slice_bits));
            const auto magnitude =
                operand_slice(std::abs(weight), s, weight_slices + 1, slice_bits); // none has the sign
            return weight < 0 ? -magnitude : magnitude;
        };
        double result = 0;
        std::uint64_t number = c << 16;
        for (std::int64_t i = 0; i < input_slices(); ++i) {
            const bool top = i + 1 == input_slices() && input_sign, negative_bit = top && p_.input.bits == 1;
            for (std::size_t r = 0; r < rows; ++r) {
                const auto slice = operand_slice(inputs[r], i, input_slices(), p_.input.bits);
                input_slice[r] = negative_bit ? std::abs(slice) : slice;
            }
            const auto range = converted_sums(input_numbers(top), weight_numbers(weight_sign));
            const double sigma = p_.output_noise * range.largest();
            for (std::int64_t s = 0; s < weight_slices; ++s) {
                const bool negative_column = sign_column && weight_sign && s + 1 == weight_slices;
                const int shift = static_cast<int>(i) * p_.input.bits + static_cast<int>(s) * slice_bits;
                std::int64_t sum = 0;
                for (std::size_t r = 0; r < rows; ++r)
                    sum += std::int64_t{input_slice[r]} * slice_of_weight(column[r], s);
                const double noise = sigma > 0 ? sigma * normal_number(key, number++) : 0;
                const double converted = std::ldexp(convert(static_cast<double>(sum) + noise, range), shift);
                result += negative_bit != negative_column ? -converted : converted;
            }
        }
        std::int64_t taken_off = 0;
        if (added)
            for (const auto input : inputs) taken_off += std::int64_t{input} * added;
        outputs[c] += std::llround(result) - taken_off;
    }
}

double composed_macro::conversion_noise(const slice_numbers& a, const slice_numbers& b) const {
    const auto range = converted_sums(a, b), possible = possible_sums(a, b);
    const double size = lsb(range), mean = expected_sum(a, b), deviation = deviation_of_sum(a, b);
    double noise = (size > 1 ? size * size / 12 : 0) + std::pow(p_.output_noise * range.largest(), 2);
    const double high = kept_range() * range.high, low = kept_range() * range.low;
    if (high < possible.high) noise += deviation * deviation * clipped_square((high - mean) / deviation);
    if (low > possible.low) noise += deviation * deviation * clipped_square((mean - low) / deviation);
    return noise;
}

double composed_macro::effective_bits() const {
    if (exact()) return exact_bits();
    const double signal = static_cast<double>(energy_.array.rows_active()) * signed_numbers(p_.input_bits).square *
                          signed_numbers(p_.weight_bits).square;
    double noise = 0;
    const auto weight_slices = p_.slices_in_analog ? 1 : slices();
    for (std::int64_t i = 0; i < input_slices(); ++i) {
        const double conversion = conversion_noise(input_numbers(i + 1 == input_slices()), weight_numbers(true));
        for (std::int64_t s = 0; s < weight_slices; ++s)
            noise += conversion * std::pow(4, static_cast<double>(i * p_.input.bits + s * sum_weight_bits()));
    }
    if (!(noise > 0)) return exact_bits();
    constexpr double db_per_bit = 6.0206, db_of_sine = 1.761;
    return std::min(exact_bits(), std::max(0.0, (10 * std::log10(signal / noise) - db_of_sine) / db_per_bit));
}

} // namespace cimtlm
