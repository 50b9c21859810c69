#pragma once
/// A CiM macro whose numbers stand in a paper.
#include <cimtlm/circuit/technology.h>
#include <cimtlm/macro/engine.h>

#include <boost/describe.hpp>

#include <optional>

namespace cimtlm {

/// A part file of platforms/parts/macros. Every number carries its source there.
struct published_macro_parameters {
    static constexpr const char* kind = "published"; ///< what a file calls it
    std::string name;
    std::int64_t rows_parallel = 0;         ///< Rp
    std::int64_t columns_parallel = 0;      ///< Cp
    std::int64_t rows_held = 1;             ///< Rh
    std::int64_t columns_held = 1;          ///< Ch
    int input_bits = 8;                     ///< bits
    int weight_bits = 8;                    ///< bits
    double latency_ps = 0;                  ///< of one step
    double mac_energy_pj = 0;               ///< as published; see mac_energy_basis
    double write_energy_pj_per_byte = 0;    ///< of writing weights
    std::int64_t published_write_bytes = 1; ///< bytes that the published convention charges at once
    double write_bytes_per_cycle = 0;       ///< write port of one macro; 0: not a limit
    bool ping_pong = false;                 ///< weights can be written while it computes
    double area_factor = 1;                 ///< area against SRAM of the same capacity
    double sram_area_um2_per_byte = 0;      ///< of that SRAM
    std::int64_t array_bytes = 0;           ///< SRAM of the array, which its area follows; 0: as much as it holds
    std::optional<technology_point> native = std::nullopt; ///< of energies and area; absent: the machine's technology
    std::optional<technology_point> latency_native = std::nullopt; ///< of the latency; absent: as `native`
    double write_row_ps = 0;       ///< least time of writing a row of weights: programming; 0: not a limit
    bool volatile_weights = true;  ///< false: weights stay without power, and writing them is programming
    double overhead_energy_pj = 0; ///< of one multiply-accumulate, spent outside the macro on its account
    bool follows_node = true;      ///< false: devices or converters that no logic node scales; all figures stay native
    bool exact = true;             ///< results are exact: digital
    double effective_bits = 0;     ///< of a result, where not exact; 0: the paper does not say
};
BOOST_DESCRIBE_STRUCT(published_macro_parameters, (),
                      (name, rows_parallel, columns_parallel, rows_held, columns_held, input_bits, weight_bits,
                       latency_ps, mac_energy_pj, write_energy_pj_per_byte, published_write_bytes,
                       write_bytes_per_cycle, ping_pong, area_factor, sram_area_um2_per_byte, array_bytes, native,
                       latency_native, write_row_ps, volatile_weights, overhead_energy_pj, follows_node, exact,
                       effective_bits))

/// It computes exactly whatever the chip does (exact() is about compute()): papers do not say how results err. What
/// those are worth stands beside, in `exact` and `effective_bits` of its parameters.
class published_macro final : public engine {
public:
    explicit published_macro(published_macro_parameters p)
        : p_(std::move(p)) {}
    std::string name() const override { return p_.name; }
    bool exact_results() const override { return p_.exact; }
    double effective_bits() const override { return p_.exact ? exact_bits() : p_.effective_bits; }
    engine_geometry geometry() const override {
        return {p_.rows_parallel, p_.columns_parallel, p_.rows_held, p_.columns_held, p_.input_bits, p_.weight_bits};
    }
    double step_ps() const override { return p_.latency_ps; }
    double mac_pj(energy_basis basis) const override {
        return basis == energy_basis::operation ? 2 * p_.mac_energy_pj : p_.mac_energy_pj;
    }
    bool holds_weights() const override { return true; }
    double write_pj_per_byte() const override { return p_.write_energy_pj_per_byte; }
    std::int64_t published_write_bytes() const override { return p_.published_write_bytes; }
    double write_bytes_per_cycle() const override { return p_.write_bytes_per_cycle; }
    double write_row_ps() const override { return p_.write_row_ps; }
    double overhead_pj() const override { return p_.overhead_energy_pj; }
    bool volatile_weights() const override { return p_.volatile_weights; }
    bool ping_pong() const override { return p_.ping_pong; }
    double area_um2() const override {
        const auto bytes = p_.array_bytes > 0 ? p_.array_bytes : capacity_bytes();
        return static_cast<double>(bytes) * p_.area_factor * p_.sram_area_um2_per_byte;
    }

private:
    published_macro_parameters p_;
};

} // namespace cimtlm
