#pragma once
/// An engine with everything that engines may do: its energy stands in several rows that depend on the statistics of
/// the operands, and its converter quantises.
#include <cimtlm/macro/engine.h>

#include <memory>
#include <stdexcept>
#include <utility>

namespace cimtlm::test {

/// Another engine with other energies and other results.
class parts_engine : public engine {
public:
    static constexpr double word_line_pj = 0.0625, array_pj = 0.125, control_pj = 0.03;
    static constexpr operand_statistics nominal{0.25, 0.5, 0.125};
    /// Of a MAC at those, by hand.
    static constexpr double nominal_pj = 0.0625 * 0.25 + 0.125 * 0.25 * 0.5 * 0.875 + 0.32 / 4 + 0.03;

    /// Sums of columns come in multiples of `step`.
    explicit parts_engine(std::shared_ptr<const engine> of, std::int64_t step = 8)
        : of_(std::move(of))
        , step_(step) {}
    std::string name() const override { return "parts"; }
    engine_geometry geometry() const override { return of_->geometry(); }
    double step_ps() const override { return of_->step_ps(); }
    double mac_pj(energy_basis basis) const override { return (basis == energy_basis::operation ? 2 : 1) * nominal_pj; }
    std::vector<mac_charge> mac_charges(energy_basis basis, const operand_statistics& s) const override {
        ++asked;
        const double of_mac = basis == energy_basis::operation ? 2 : 1;
        const int bits = bits_for(s);
        return {{"word_line", "edge", word_line_pj, of_mac * s.input_density},
                {"array", "cell", array_pj, of_mac * s.input_density * s.weight_density * (1 - s.column_sparsity)},
                {"convert_" + std::to_string(bits) + "b", "conversion", convert_pj(bits), of_mac / 4},
                {"control", "MAC", control_pj, of_mac}};
    }
    operand_statistics nominal_statistics() const override { return nominal; }
    bool exact() const override { return false; }
    bool holds_weights() const override { return of_->holds_weights(); }
    double write_pj_per_byte() const override { return of_->write_pj_per_byte(); }
    double write_bytes_per_cycle() const override { return of_->write_bytes_per_cycle(); }
    double area_um2() const override { return of_->area_um2(); }
    void compute(const std::vector<std::int32_t>& inputs, const std::vector<std::int32_t>& weights,
                 std::vector<std::int64_t>& outputs, std::uint64_t key) const override {
        const auto g = geometry();
        for (const auto& [operands, bits] : {std::pair{&inputs, g.input_bits}, {&weights, g.weight_bits}})
            for (const std::int64_t x : *operands)
                if (x < -(std::int64_t{1} << (bits - 1)) || x >= std::int64_t{1} << bits)
                    throw std::logic_error("an operand is wider than the engine's");
        if (key != next_key++) throw std::logic_error("operations are not numbered");
        std::vector<std::int64_t> sums(outputs.size(), 0);
        engine::compute(inputs, weights, sums, key);
        for (std::size_t c = 0; c < sums.size(); ++c) outputs[c] += quantised(sums[c]);
    }
    /// Down to a multiple of the step.
    std::int64_t quantised(std::int64_t sum) const {
        const auto rest = sum % step_;
        return sum - (rest < 0 ? rest + step_ : rest);
    }
    static int bits_for(const operand_statistics& s) { return s.column_sparsity >= 0.5 ? 4 : 5; }
    static double convert_pj(int bits) { return 0.01 * (1 << bits); }

    mutable int asked = 0;              ///< for charges
    mutable std::uint64_t next_key = 0; ///< expected

private:
    std::shared_ptr<const engine> of_;
    std::int64_t step_;
};

/// Digit `d` of the base 2^bits of `value`, by division: the highest of `digits` takes what is left, with its sign.
inline std::int64_t digit(std::int64_t value, std::int64_t d, std::int64_t digits, int bits) {
    const std::int64_t base = std::int64_t{1} << bits;
    for (std::int64_t i = 0;; ++i) {
        if (i + 1 == digits) return value;
        const auto low = (value % base + base) % base;
        if (i == d) return low;
        value = (value - low) / base;
    }
}

} // namespace cimtlm::test
