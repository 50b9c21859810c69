#pragma once
/// Composed macros with round circuits.
#include <cimtlm/base/error.h>
#include <cimtlm/macro/composed_macro.h>
#include <circuits.h>

namespace cimtlm {

/// 128 x 128 cells that add charge, operands of 4 bits a bit at a time, a SAR of 8 bits a column.
inline composed_macro_parameters small_composed() {
    composed_macro_parameters p;
    p.name = "small";
    p.array.rows = 128;
    p.array.columns = 128;
    p.adc.kind = adc_kind::sar;
    p.adc.bits = 8;
    p.input_bits = p.weight_bits = 4;
    p.circuits = round_circuits();
    p.native = reference_technology();
    return p;
}

/// The same with gates and adder trees.
inline composed_macro_parameters small_digital() {
    auto p = small_composed();
    p.name = "small_digital";
    p.array.summation = summation::digital;
    p.adc = {};
    return p;
}

inline double value_of(const std::vector<part_share>& parts, const std::string& name) {
    double sum = 0;
    for (const auto& p : parts)
        if (p.part == name) sum += p.value;
    return sum;
}

inline double total_of(const std::vector<part_share>& parts) {
    double sum = 0;
    for (const auto& p : parts) sum += p.value;
    return sum;
}

} // namespace cimtlm
