#pragma once
/// A CiM macro composed of circuits: its figures follow from its parts.
#include <cimtlm/circuit/accumulator.h>
#include <cimtlm/circuit/adc.h>
#include <cimtlm/circuit/adder_tree.h>
#include <cimtlm/circuit/buffer.h>
#include <cimtlm/circuit/cell_array.h>
#include <cimtlm/circuit/input_driver.h>
#include <cimtlm/circuit/write_driver.h>
#include <cimtlm/macro/engine.h>

#include <boost/describe.hpp>

#include <optional>
#include <string>
#include <vector>

namespace cimtlm {

/// How a weight's sign is held. twos_complement: the highest bit's column counts negative. differential: the magnitude
/// on one of two cells, their difference is converted. offset: half the range is added to every weight, and taken off
/// digitally with the sum of the inputs.
enum class weight_encoding { twos_complement, differential, offset };
BOOST_DESCRIBE_ENUM(weight_encoding, twos_complement, differential, offset)

/// Where the slices of a weight lie: in neighbouring columns of one array, or in the same column of as many arrays,
/// each with drivers of its own.
enum class weight_slicing { columns, arrays };
BOOST_DESCRIBE_ENUM(weight_slicing, columns, arrays)

/// A part file of platforms/parts/macros with `kind: composed`. Every number carries its source there.
struct composed_macro_parameters {
    static constexpr const char* kind = "composed"; ///< what a file calls it
    std::string name;
    cell_array_parameters array;
    input_driver_parameters input;
    adc_parameters adc;
    write_driver_parameters write;
    int input_bits = 8;  ///< bits of the inputs that one step takes
    int weight_bits = 8; ///< bits of one held weight, over ceil(weight_bits / cell_bits) columns
    weight_encoding encoding = weight_encoding::twos_complement;
    weight_slicing slicing = weight_slicing::columns;
    bool weight_serial = false;      ///< bits of a weight lie in rows and are read one after another; digital sums only
    bool slices_in_analog = false;   ///< columns of a weight are joined before the converter: one conversion a weight
    int read_phases = 1;             ///< evaluations a slice of input: 4 for (+, -) inputs on (+, -) weights apart
    bool pipelined = false;          ///< a conversion overlaps the next evaluation
    bool zero_skipping = false;      ///< an evaluation whose input bits are all zero does not take place
    bool ping_pong = false;          ///< weights can be written while it computes (a second set, which takes area)
    double setup_ps = 0;             ///< of a step beside its evaluations: operands in, results out
    double control_share = 0;        ///< clocks and control, as a share of what the parts take
    double other_power_mw = 0;       ///< spent outside the macro on its account while it computes: chip-level overhead
    double other_area_um2 = 0;       ///< of what the parts do not contain
    double output_noise = 0;         ///< sigma of a conversion, as a share of the largest sum that it spans
    operand_statistics statistics{}; ///< nominal ones
    circuit_constants circuits;
    std::optional<technology_point> native = std::nullopt; ///< of energies and area; absent: the machine's technology
    std::optional<technology_point> latency_native = std::nullopt; ///< of the time; absent: as `native`
    double temperature_c = 25;                                     ///< of the junction
    bool follows_node = true; ///< false: devices or converters that no logic node scales; all figures stay native
};
BOOST_DESCRIBE_STRUCT(composed_macro_parameters, (),
                      (name, array, input, adc, write, input_bits, weight_bits, encoding, slicing, weight_serial,
                       slices_in_analog, read_phases, pipelined, zero_skipping, ping_pong, setup_ps, control_share,
                       other_power_mw, other_area_um2, output_noise, statistics, circuits, native, latency_native,
                       temperature_c, follows_node))

/// One part's share of a total.
struct part_share {
    std::string part;
    double value;
};

/// The schedule of a step, computed once from the parts:
///
///   evaluations = ceil(input_bits / input.bits) x read_phases, x weight_bits where these are serial
///   a round: drivers and array settle, then each converter serves its columns one after another
///   step = setup + evaluations x (settle + conversions), or x the longer of the two when pipelined; longer by the
///   share of time that writing all weights again takes within their retention
///
/// Energies of a step are counts x energy per action; all of them, areas and leakage are sums over parts.
class composed_macro final : public engine {
public:
    /// Throws input_error for what cannot be built, with the key in front ("adc.bits: ..."). `native` must be there.
    explicit composed_macro(composed_macro_parameters p);
    composed_macro(const composed_macro&) = delete; // parts refer to p_
    composed_macro& operator=(const composed_macro&) = delete;

    std::string name() const override { return p_.name; }
    engine_geometry geometry() const override;
    double step_ps() const override { return step_ps_; }
    /// Its figures are of a whole MAC on either reading.
    double mac_pj(energy_basis) const override { return mac_pj_; }
    std::vector<mac_charge> mac_charges(energy_basis basis, const operand_statistics& s) const override;
    operand_statistics nominal_statistics() const override { return p_.statistics; }
    bool exact() const override;
    bool holds_weights() const override { return true; }
    double write_pj_per_byte() const override;
    double write_bytes_per_cycle() const override { return p_.write.bytes_per_cycle; }
    double write_row_ps() const override;
    double overhead_pj() const override;
    bool volatile_weights() const override { return energy_.array.is_volatile(); }
    bool ping_pong() const override { return p_.ping_pong; }
    double area_um2() const override;
    /// Sums of row groups, converted at the resolution that `statistics` of the parameters leave, with the noise of
    /// `output_noise` drawn by `key`.
    void compute(const std::vector<std::int32_t>& inputs, const std::vector<std::int32_t>& weights,
                 std::vector<std::int64_t>& outputs, std::uint64_t key) const override;

    const composed_macro_parameters& parameters() const { return p_; }
    /// um2 by part; they add up to area_um2().
    std::vector<part_share> area_parts() const;
    /// pJ of a step by part at given statistics; they add up to step_pj().
    std::vector<part_share> energy_parts(const operand_statistics& s) const;
    /// ps of a step by part (settling, conversion, setup); they add up to step_ps().
    std::vector<part_share> time_parts() const;
    double step_pj() const { return mac_pj_ * macs_per_step(); }
    double macs_per_step() const;
    double leakage_mw() const { return leakage_mw_; }
    std::int64_t converters() const { return converters_; }
    /// Sums that an evaluation converts.
    std::int64_t sums() const { return weights_parallel() * (p_.slices_in_analog ? 1 : slices()); }
    /// Conversions of a step.
    double conversions() const;
    /// Bits of one conversion at given statistics.
    double conversion_bits(const operand_statistics& s) const;
    /// Bits that the result of a step is worth, for operands spread evenly over their range: from the quotient of
    /// signal and the noise of quantisation (an LSB squared over 12 a conversion), clipping and `output_noise`.
    double effective_bits() const override;
    /// Time until weights have to be written again, ps; 0: they stay. Their refresh is charged, and timed unless it
    /// goes on beside (ping_pong).
    double retention_ps() const { return p_.write.retention_ps; }
    /// Factors that hold nine of ten chips.
    double energy_uncertainty() const override;
    double delay_uncertainty() const override { return p_.circuits.delay_uncertainty; }
    /// Why figures are not trusted at its technology, or "".
    std::string range_note() const;

private:
    /// The parts at one operating point.
    struct circuits {
        circuits(const composed_macro_parameters& p, const technology_point& technology, const char* key);
        circuit_scale scale;
        cell_array array;
        input_driver driver;
        adc converter;
        write_driver write;
        adder_tree tree; ///< of a weight's column
        accumulator sum; ///< of a weight
        buffer operands, results;
    };
    /// A row of energy: its price, how many a step, and the part that spends it.
    struct step_charge {
        std::string part, action, unit;
        double unit_energy_pj, per_step;
    };
    std::vector<step_charge> step_charges(const operand_statistics& s) const;
    void check() const;
    /// What a slice of operands takes: ends, mean and mean square.
    struct slice_numbers {
        double low, high, mean, square;
    };
    struct sum_range {
        double low, high;
        double largest() const { return high > -low ? high : -low; }
    };
    static slice_numbers unsigned_numbers(int bits);
    static slice_numbers signed_numbers(int bits);
    slice_numbers input_numbers(bool has_sign) const;
    slice_numbers weight_numbers(bool has_sign) const;
    sum_range possible_sums(const slice_numbers& a, const slice_numbers& b) const;
    /// Of sums of operands that are spread evenly.
    double expected_sum(const slice_numbers& a, const slice_numbers& b) const;
    double deviation_of_sum(const slice_numbers& a, const slice_numbers& b) const;
    /// What the converter spans: all sums where it tells them apart, leaves bits out of sparse columns, or weights have
    /// an offset; else up to four standard deviations above the mean, from zero or as far below it. What lies outside
    /// is clipped.
    sum_range converted_sums(const slice_numbers& a, const slice_numbers& b) const;
    double convert(double sum, const sum_range& range) const;
    double lsb(const sum_range& converted) const;
    /// Mean square error of a conversion: quantisation, clipping and `output_noise`.
    double conversion_noise(const slice_numbers& a, const slice_numbers& b) const;
    double steps() const;      ///< of the converter: levels less one
    double kept_range() const; ///< share of its range that conversions at the nominal sparsity keep
    bool is_differential() const { return p_.encoding == weight_encoding::differential; }
    /// Columns of a weight.
    std::int64_t slices() const {
        return p_.weight_serial ? 1 : (p_.weight_bits + p_.array.cell_bits - 1) / p_.array.cell_bits;
    }
    std::int64_t input_slices() const { return (p_.input_bits + p_.input.bits - 1) / p_.input.bits; }
    /// Arrays side by side.
    std::int64_t arrays() const { return p_.slicing == weight_slicing::arrays ? slices() : 1; }
    std::int64_t weights_parallel() const { return energy_.array.columns_active() * arrays() / slices(); }
    /// Weight bits behind one of them.
    int sum_weight_bits() const {
        return p_.slices_in_analog ? p_.weight_bits : p_.weight_serial ? 1 : p_.array.cell_bits;
    }
    std::int64_t columns_per_adc() const { return (sums() + converters_ - 1) / converters_; }
    double all_evaluations() const;
    /// Evaluations of a step; fewer where zeros are skipped.
    double evaluations(const operand_statistics& s) const;
    composed_macro_parameters p_;
    circuits energy_, timing_;
    std::int64_t converters_ = 0;
    double settle_ps_ = 0, conversions_ps_ = 0, refresh_share_ = 0, step_ps_ = 0, leakage_mw_ = 0, control_pj_ = 0,
           mac_pj_ = 0;
};

} // namespace cimtlm
