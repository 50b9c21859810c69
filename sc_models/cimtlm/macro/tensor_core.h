#pragma once
/// A grid of multipliers fed from registers: the baseline engine.
#include <cimtlm/circuit/technology.h>
#include <cimtlm/macro/engine.h>

#include <boost/describe.hpp>

#include <optional>

namespace cimtlm {

/// One grid (a sub-partition of a streaming multiprocessor). It holds no weights.
struct tensor_core_parameters {
    std::string name = "tensor_core";
    std::int64_t rows = 0;      ///< multipliers along K
    std::int64_t columns = 0;   ///< multipliers along N
    int input_bits = 8;         ///< bits
    int weight_bits = 8;        ///< bits
    double latency_ps = 0;      ///< of one step; pipelined to the clock, so no technology scales it
    double mac_energy_pj = 0;   ///< of one multiply-accumulate (two operations)
    double issue_energy_pj = 0; ///< of one multiply-accumulate: its share of instruction issue and operand delivery
    double mac_area_um2 = 0;    ///< of one multiplier with its adder
    std::optional<technology_point> native = std::nullopt; ///< of energy and area; absent: the machine's technology
    std::optional<technology_point> issue_native = std::nullopt; ///< of the issue; absent: as `native`
};
BOOST_DESCRIBE_STRUCT(tensor_core_parameters, (),
                      (name, rows, columns, input_bits, weight_bits, latency_ps, mac_energy_pj, issue_energy_pj,
                       mac_area_um2, native, issue_native))

class tensor_core_grid final : public engine {
public:
    explicit tensor_core_grid(tensor_core_parameters p)
        : p_(std::move(p)) {}
    std::string name() const override { return p_.name; }
    engine_geometry geometry() const override { return {p_.rows, p_.columns, 1, 1, p_.input_bits, p_.weight_bits}; }
    double step_ps() const override { return p_.latency_ps; }
    /// The figure of the grid is of a whole MAC on either reading.
    double mac_pj(energy_basis) const override { return p_.mac_energy_pj; }
    bool holds_weights() const override { return false; }
    double area_um2() const override { return static_cast<double>(p_.rows * p_.columns) * p_.mac_area_um2; }

private:
    tensor_core_parameters p_;
};

} // namespace cimtlm
