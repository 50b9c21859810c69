#include <cimtlm/macro/engine.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace cimtlm {

std::vector<mac_charge> engine::mac_charges(energy_basis basis, const operand_statistics&) const {
    return {{"multiply_accumulate", "MAC", mac_pj(basis), 1}};
}

void engine::compute(const std::vector<std::int32_t>& inputs, const std::vector<std::int32_t>& weights,
                     std::vector<std::int64_t>& outputs, std::uint64_t) const {
    const auto rows = inputs.size();
    const auto columns = outputs.size();
    const auto g = geometry();
    if (rows > static_cast<std::size_t>(g.rows_parallel) || columns > static_cast<std::size_t>(g.columns_parallel) ||
        weights.size() != rows * columns)
        throw std::logic_error(name() + ": a step larger than the engine");
    for (std::size_t r = 0; r < rows; ++r)
        for (std::size_t c = 0; c < columns; ++c)
            outputs[c] += static_cast<std::int64_t>(inputs[r]) * weights[r * columns + c];
}

double engine::exact_bits() const {
    const auto g = geometry();
    return g.input_bits + g.weight_bits + std::log2(static_cast<double>(g.rows_parallel));
}

std::int64_t engine::capacity_bytes() const {
    if (!holds_weights()) return 0;
    const auto g = geometry();
    return g.rows_parallel * g.rows_held * g.columns_parallel * g.columns_held * g.weight_bits / 8;
}

double engine::write_ps(double bytes, double cycle_ps) const {
    const auto g = geometry();
    const double row_bytes = static_cast<double>(g.columns_parallel * g.columns_held * g.weight_bits) / 8;
    const double rate = write_bytes_per_cycle();
    return std::max(rate > 0 ? bytes * cycle_ps / rate : 0, bytes / row_bytes * write_row_ps());
}

std::int64_t engine::input_slices(int input_bits) const {
    const int own = geometry().input_bits;
    return (input_bits + own - 1) / own;
}

std::int64_t engine::weight_slices(int weight_bits) const {
    const int own = geometry().weight_bits;
    return (weight_bits + own - 1) / own;
}

} // namespace cimtlm
