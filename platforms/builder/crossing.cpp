#include <platforms/builder/crossing.h>

#include <platforms/builder/results.h>

#include <cimtlm/base/error.h>
#include <cimtlm/circuit/adc_survey.h>

#include <algorithm>
#include <cmath>

namespace cimtlm {

result_precision precision_of(const engine& e) { return {e.exact_results(), e.exact_bits(), e.effective_bits()}; }

bool equally_precise(const result_precision& a, const result_precision& b) {
    if (!a.reduced() && !b.reduced()) return true;
    return a.is_said() && b.is_said() && a.exact == b.exact && std::abs(a.effective_bits - b.effective_bits) <= 1;
}

double operation_pj(const engine& e, const macro_pricing& p) {
    double mac_pj = e.overhead_pj();
    for (const auto& row : e.mac_charges(p.basis, p.statistics.value_or(e.nominal_statistics())))
        mac_pj += row.unit_energy_pj * row.per_mac;
    return mac_pj * static_cast<double>(e.input_slices(p.bits.a) * e.weight_slices(p.bits.b)) / 2;
}

namespace {

std::int64_t rows_that_add(const composed_macro_parameters& p) {
    return p.array.rows_active > 0 ? p.array.rows_active : p.array.rows;
}

/// Sums that an evaluation converts, however many converters there are.
std::int64_t converted_sums(composed_macro_parameters p) {
    p.adc.count = 0;
    p.adc.columns_per_adc = 1;
    return composed_macro(std::move(p)).sums();
}

/// Largest sum of a column.
double largest_sum(const composed_macro_parameters& p) {
    const auto most = [](int bits) { return std::exp2(bits) - 1; };
    return static_cast<double>(rows_that_add(p)) * most(p.input.bits) *
           most(p.slices_in_analog ? p.weight_bits : p.array.cell_bits);
}

/// Fewest whole bits that tell every sum. Throws input_error where the kind has none.
double exact_bits(composed_macro_parameters p) {
    p.output_noise = 0; // the converter's own doing only
    p.adc.bits = p.adc.kind == adc_kind::survey ? adc_survey::least_bits : 1;
    while (!composed_macro(p).exact()) ++p.adc.bits;
    return p.adc.bits;
}

/// `p`, changed from `before`, with the converters that go with it: as many for a sum as there were, at the resolution
/// that `c` says. What a paper states of a conversion is taken along by the law of its kind.
composed_macro_parameters with_converters(composed_macro_parameters p, const composed_macro_parameters& before,
                                          converters c) {
    if (p.adc.kind == adc_kind::none) return p;
    const auto sums = converted_sums(p), sums_before = converted_sums(before);
    p.adc.columns_per_adc = std::min(p.adc.columns_per_adc, sums);
    if (p.adc.count > 0) p.adc.count = std::clamp(p.adc.count * sums / sums_before, std::int64_t{1}, sums);
    const double bits = c == converters::exact
                            ? exact_bits(p)
                            : std::max(1.0, p.adc.bits + std::log2(largest_sum(p) / largest_sum(before)));
    const adc stated(p.adc, p.circuits, scale_circuits(p.circuits, {*p.native, p.temperature_c}), "");
    if (p.adc.conversion_energy_pj > 0) p.adc.conversion_energy_pj = stated.convert_pj(bits);
    if (p.adc.conversion_ps > 0) p.adc.conversion_ps = stated.convert_ps(bits);
    p.adc.bits = bits;
    return p;
}

void hold_rows(composed_macro_parameters& p, std::int64_t rows) {
    p.array.rows = std::max(p.array.rows, rows * (p.weight_serial ? p.weight_bits : 1));
}

/// The figure at each point; what input_error refuses is not there.
template <class Figure> figure_curve curve_over(std::vector<double> points, Figure figure) {
    figure_curve curve;
    curve.at = std::move(points);
    for (const double x : curve.at) {
        result_precision result;
        double value = figure_curve::none;
        try {
            value = figure(x, result);
        } catch (const input_error&) {
        }
        curve.value.push_back(value);
        curve.result.push_back(result);
    }
    return curve;
}

std::vector<double> powers_of_two(double from, double to) {
    std::vector<double> points;
    for (double x = from; x <= to; x *= 2) points.push_back(x);
    return points;
}

} // namespace

composed_macro_parameters at_precision(composed_macro_parameters p, int bits, converters c) {
    const auto before = p;
    const auto rows = rows_that_add(p);
    p.input_bits = p.weight_bits = bits;
    p.input.bits = std::min(p.input.bits, bits);
    p.array.cell_bits = std::min(p.array.cell_bits, bits);
    hold_rows(p, rows);
    return with_converters(std::move(p), before, c);
}

composed_macro_parameters at_rows(composed_macro_parameters p, std::int64_t rows, converters c) {
    const auto before = p;
    p.array.rows_active = rows;
    hold_rows(p, rows);
    return with_converters(std::move(p), before, c);
}

figure_curve over_precision(const macro_parameters& macro, macro_pricing p, converters c) {
    return curve_over({1, 2, 3, 4, 5, 6, 7, 8}, [&](double x, result_precision& result) {
        p.bits.a = p.bits.b = static_cast<int>(x);
        if (const auto* figures = std::get_if<published_macro_parameters>(&macro)) {
            const published_macro e(*figures);
            result = precision_of(e);
            return operation_pj(e, p);
        }
        const composed_macro e(at_precision(std::get<composed_macro_parameters>(macro), p.bits.a, c));
        result = precision_of(e);
        return operation_pj(e, p);
    });
}

figure_curve over_rows(const macro_parameters& macro, const macro_pricing& p, converters c) {
    return curve_over(powers_of_two(8, 1024), [&](double x, result_precision& result) {
        const auto* circuits = std::get_if<composed_macro_parameters>(&macro);
        if (!circuits) return figure_curve::none;
        const composed_macro e(at_rows(*circuits, static_cast<std::int64_t>(x), c));
        result = precision_of(e);
        return operation_pj(e, p);
    });
}

batch_curves over_batch(const machine& m, gemm product, const plan_options& options) {
    const cost_model cost(m, options.counting);
    const auto result = precision_of(cost.matrix_engine());
    const double distinct = static_cast<double>(product.a_distinct) / static_cast<double>(product.m);
    product.repeat = 1;
    batch_curves curves;
    curves.time_ps = curve_over(powers_of_two(1, 4096), [&](double x, result_precision& r) {
        r = result;
        curves.energy_pj.value.push_back(figure_curve::none);
        product.m = static_cast<std::int64_t>(x);
        // im2col repeats as much of A as it did.
        if (product.a_distinct > 0)
            product.a_distinct = std::max(std::int64_t{1}, static_cast<std::int64_t>(distinct * x));
        const auto totals = evaluate_bound(make_plan({product}, cost, options), cost).totals;
        curves.energy_pj.value.back() = totals.energy_pj / totals.operations;
        return static_cast<double>(totals.time_ps) / totals.operations;
    });
    curves.energy_pj.at = curves.time_ps.at;
    curves.energy_pj.result = curves.time_ps.result;
    return curves;
}

const gemm* largest_product(const work_list& work) {
    const gemm* largest = nullptr;
    const auto rank = [](const gemm& g) { return std::pair(!g.b_is_activation, g.macs()); };
    for (const auto& item : work)
        if (const auto* g = std::get_if<gemm>(&item); g && (!largest || rank(*g) > rank(*largest))) largest = g;
    return largest;
}

crossing crossing_of(const figure_curve& first, const figure_curve& other, double same) {
    crossing c;
    // Logarithms at the last point where the two differed, and points since then where they are the same.
    constexpr double none = figure_curve::none;
    double x_before = 0, d_before = 0, same_from = none, same_to = none;
    for (std::size_t i = 0; i < std::min(first.at.size(), other.at.size()); ++i) {
        const double ratio = first.value[i] / other.value[i];
        if (!std::isfinite(ratio) || !(ratio > 0)) continue;
        c.equally_precise = c.equally_precise && equally_precise(first.result[i], other.result[i]);
        if (!c.comparable) c.low = {first.at[i], ratio};
        c.high = {first.at[i], ratio};
        c.comparable = true;
        const double x = std::log(first.at[i]), d = std::log(ratio);
        if (std::abs(d) <= std::max(same, 1e-9)) {
            same_to = x;
            if (std::isnan(same_from)) same_from = x;
            continue;
        }
        if (c.below == 0) c.below = d < 0 ? -1 : 1;
        if (d * d_before < 0)
            c.at.push_back(std::exp(!std::isnan(same_to) ? (same_from + same_to) / 2
                                                         : x_before + (x - x_before) * d_before / (d_before - d)));
        x_before = x;
        d_before = d;
        same_from = same_to = none;
    }
    return c;
}

} // namespace cimtlm
