#include <cimtlm/macro/operand_slices.h>

namespace cimtlm {

std::int32_t operand_slice(std::int32_t value, std::int64_t s, std::int64_t slices, int bits) {
    const auto shifted = static_cast<std::int64_t>(value) >> (s * bits);
    return static_cast<std::int32_t>(s + 1 == slices ? shifted : shifted & ((std::int64_t{1} << bits) - 1));
}

std::vector<std::int32_t> sliced_weights(const engine& e, const std::vector<std::int32_t>& weights, int bits) {
    const auto slices = e.weight_slices(bits);
    const int own = e.geometry().weight_bits;
    std::vector<std::int32_t> all;
    all.reserve(weights.size() * static_cast<std::size_t>(slices));
    for (const auto w : weights)
        for (std::int64_t s = 0; s < slices; ++s) all.push_back(operand_slice(w, s, slices, own));
    return all;
}

void compute_sliced(const engine& e, const std::vector<std::int32_t>& inputs, int input_bits,
                    const std::vector<std::int32_t>& weights, int weight_bits, std::vector<std::int64_t>& outputs,
                    std::uint64_t& key) {
    const auto g = e.geometry();
    const auto input_slices = e.input_slices(input_bits), weight_slices = e.weight_slices(weight_bits);
    std::vector<std::int32_t> slice(inputs.size());
    std::vector<std::int64_t> partial;
    for (std::int64_t i = 0; i < input_slices; ++i) {
        for (std::size_t r = 0; r < inputs.size(); ++r)
            slice[r] = operand_slice(inputs[r], i, input_slices, g.input_bits);
        partial.assign(outputs.size() * static_cast<std::size_t>(weight_slices), 0);
        e.compute(slice, weights, partial, key++);
        auto from = partial.begin();
        for (auto& output : outputs) {
            auto sum = static_cast<std::uint64_t>(output);
            for (std::int64_t s = 0; s < weight_slices; ++s)
                sum += static_cast<std::uint64_t>(*from++) << (i * g.input_bits + s * g.weight_bits);
            output = static_cast<std::int64_t>(sum);
        }
    }
}

} // namespace cimtlm
