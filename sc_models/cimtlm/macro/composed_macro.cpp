#include <cimtlm/base/error.h>
#include <cimtlm/macro/composed_macro.h>

#include <algorithm>
#include <cmath>

namespace cimtlm {

namespace {

/// Cells of a crossing: a differential pair has two, and a second set of weights has as many again.
double cells(const composed_macro_parameters& p) {
    return (p.encoding == weight_encoding::differential ? 2 : 1) * (p.ping_pong ? 2 : 1);
}

circuit_scale scale_at(const composed_macro_parameters& p, const technology_point& technology, const char* key) {
    try {
        return scale_circuits(p.circuits, {technology, p.temperature_c});
    } catch (const input_error& e) {
        throw input_error(std::string(key) + ": " + e.what());
    }
}

/// What parts are built with, checked before they are.
const technology_point& native_of(const composed_macro_parameters& p) {
    if (p.input_bits < 1 || p.input_bits > 16) throw input_error("input_bits: a step takes inputs of 1 to 16 bits");
    if (p.weight_bits < 1 || p.weight_bits > 16) throw input_error("weight_bits: weights have 1 to 16 bits");
    check_circuits(p.circuits);
    if (!p.native) throw input_error("native: no technology is said");
    return *p.native;
}

/// Bits of the exact result of a step.
int sum_bits(const composed_macro_parameters& p, std::int64_t rows) {
    return p.input_bits + p.weight_bits + static_cast<int>(std::ceil(std::log2(static_cast<double>(rows))));
}

} // namespace

composed_macro::circuits::circuits(const composed_macro_parameters& p, const technology_point& technology,
                                   const char* key)
    : scale(scale_at(p, technology, key))
    , array(p.array, p.circuits, scale, "")
    , driver(p.input, p.circuits, scale, "")
    , converter(p.adc, p.circuits, scale, "")
    , write(p.write, p.circuits, scale, "")
    , tree(p.array.summation == summation::digital ? array.rows_active() : 1, p.weight_serial ? 1 : p.weight_bits,
           p.circuits, scale)
    , sum(sum_bits(p, array.rows_active()), p.circuits, scale)
    , operands(static_cast<double>(array.rows_active()) * p.input_bits, p.circuits, scale)
    , results(static_cast<double>(array.columns_active()) * sum_bits(p, array.rows_active()), p.circuits, scale) {}

composed_macro::composed_macro(composed_macro_parameters p)
    : p_(std::move(p))
    , energy_(p_, native_of(p_), "native")
    , timing_(p_, p_.latency_native.value_or(*p_.native), p_.latency_native ? "latency_native" : "native") {
    check();
    const bool digital = p_.array.summation == summation::digital;
    if (!digital) converters_ = converters_of(p_.adc, sums(), "");
    const double pulses = timing_.driver.pulses_ps();
    settle_ps_ = pulses + timing_.array.evaluate_ps(p_.input.bits, pulses > 0);
    if (digital) settle_ps_ += timing_.tree.add_ps();
    if (p_.weight_serial) settle_ps_ += timing_.write.row_ps(); // the partial sum goes back into its rows
    if (!digital)
        conversions_ps_ =
            static_cast<double>(columns_per_adc()) * timing_.converter.convert_ps(conversion_bits(p_.statistics));
    const double round = p_.pipelined ? std::max(settle_ps_, conversions_ps_) : settle_ps_ + conversions_ps_;
    step_ps_ = p_.setup_ps + evaluations(p_.statistics) * round;
    if (const double retention = p_.write.retention_ps; retention > 0) {
        const double writing = static_cast<double>(p_.array.rows) * timing_.write.row_ps();
        if (writing >= retention)
            throw input_error("write.retention_ps: weights are lost sooner than they are written");
        refresh_share_ = p_.ping_pong ? 0 : writing / retention;
        step_ps_ /= 1 - refresh_share_;
    }
    for (const auto& part :
         {static_cast<double>(arrays()) * energy_.array.leakage_mw(cells(p_)),
          static_cast<double>(arrays() * p_.array.rows) * energy_.driver.leakage_mw(),
          static_cast<double>(converters_) * energy_.converter.leakage_mw(),
          static_cast<double>(weights_parallel()) * (energy_.sum.leakage_mw() + energy_.tree.leakage_mw()),
          energy_.operands.leakage_mw(),
          energy_.results.leakage_mw() * static_cast<double>(arrays()) / static_cast<double>(slices()),
          energy_.write.leakage_mw(static_cast<double>(arrays() * p_.array.columns))})
        leakage_mw_ += part;
    double step_pj = 0;
    for (const auto& c : step_charges(p_.statistics)) step_pj += c.unit_energy_pj * c.per_step;
    control_pj_ = p_.control_share * step_pj;
    mac_pj_ = (step_pj + control_pj_) / macs_per_step();
}

void composed_macro::check() const {
    const auto fail = [](const std::string& text) { throw input_error(text); };
    const auto text = [](std::int64_t v) { return std::to_string(v); };
    if (p_.input.bits > p_.input_bits)
        fail("input.bits: an evaluation takes " + text(p_.input.bits) + " bits of inputs that have " +
             text(p_.input_bits));
    if (p_.array.cell_bits > p_.weight_bits)
        fail("array.cell_bits: a slice of " + text(p_.array.cell_bits) + " bits is wider than the weight of " +
             text(p_.weight_bits));
    if (weights_parallel() < 1)
        fail("array.columns_active: a weight of " + text(p_.weight_bits) + " bits takes " + text(slices()) +
             " columns, " + text(energy_.array.columns_active()) + " are read at once");
    if (p_.encoding == weight_encoding::twos_complement && p_.array.cell_bits > 1 && !p_.slices_in_analog)
        fail("encoding: cells of several bits hold no sign of twos_complement: differential or offset");
    if (p_.read_phases != 1 && p_.read_phases != 2 && p_.read_phases != 4)
        fail("read_phases: an evaluation has 1, 2 or 4 phases, not " + text(p_.read_phases));
    const bool digital = p_.array.summation == summation::digital;
    if (p_.slicing == weight_slicing::arrays && (p_.weight_serial || p_.slices_in_analog))
        fail("slicing: slices over arrays are joined behind the converters, and not serial");
    if (p_.weight_serial && (!digital || p_.ping_pong))
        fail("weight_serial: bits of a weight are read one after another where the sum is digital, without ping_pong");
    if (p_.weight_serial && p_.array.rows < energy_.array.rows_active() * p_.weight_bits)
        fail("array.rows: " + text(p_.array.rows) + " rows hold no weight of " + text(p_.weight_bits) +
             " bits in series");
    if (digital && p_.input.kind == driver_kind::pulse_width) fail("input.kind: gates take bits, no widths of pulses");
    if (digital && p_.encoding == weight_encoding::differential)
        fail("encoding: a digital sum has no pairs of cells: twos_complement or offset");
    if (digital && p_.slices_in_analog) fail("slices_in_analog: a digital sum has nothing analog to join");
    if (digital && energy_.converter.present()) fail("adc.kind: a digital sum needs no converter: none");
    if (!digital && !energy_.converter.present())
        fail("adc.kind: an analog sum needs a converter: sense_amplifier, flash, sar, ramp, cco, survey");
    if (!digital && p_.adc.kind != adc_kind::sense_amplifier && !(timing_.converter.convert_ps(p_.adc.bits) > 0))
        fail("adc.clock_mhz: a converter without a clock: state clock_mhz or conversion_ps, or circuits.comparator_ps");
    for (const auto& [key, value] : {std::pair{"setup_ps", p_.setup_ps},
                                     {"control_share", p_.control_share},
                                     {"other_power_mw", p_.other_power_mw},
                                     {"other_area_um2", p_.other_area_um2},
                                     {"output_noise", p_.output_noise}})
        if (!(value >= 0)) fail(std::string(key) + ": must not be negative");
    if (p_.zero_skipping && !(p_.statistics.input_density > 0))
        fail("statistics.input_density: inputs that are all zero leave nothing to do where zeros are skipped");
    if (!p_.statistics.is_possible())
        fail("statistics: densities lie between 0 and 1, column_sparsity from 0 to below 1");
}

engine_geometry composed_macro::geometry() const {
    const auto& array = energy_.array;
    engine_geometry g;
    g.rows_parallel = array.rows_active();
    g.columns_parallel = weights_parallel();
    g.rows_held = p_.array.rows / (array.rows_active() * (p_.weight_serial ? p_.weight_bits : 1));
    g.columns_held = p_.array.columns / array.columns_active();
    g.input_bits = p_.input_bits;
    g.weight_bits = p_.weight_bits;
    return g;
}

double composed_macro::macs_per_step() const {
    return static_cast<double>(energy_.array.rows_active() * weights_parallel());
}

double composed_macro::all_evaluations() const {
    return static_cast<double>(input_slices()) * p_.read_phases * (p_.weight_serial ? p_.weight_bits : 1);
}

double composed_macro::evaluations(const operand_statistics& s) const {
    if (!p_.zero_skipping) return all_evaluations();
    // An evaluation is skipped when all its bits of all its rows are zero.
    const double bits = static_cast<double>(energy_.array.rows_active()) * p_.input.bits;
    return all_evaluations() * (1 - std::pow(1 - s.input_density, bits));
}

double composed_macro::conversions() const {
    return energy_.converter.present() ? static_cast<double>(sums()) * evaluations(p_.statistics) : 0;
}

double composed_macro::conversion_bits(const operand_statistics& s) const {
    if (!p_.adc.skips_sparse_bits) return p_.adc.bits;
    return std::max(std::min(1.0, p_.adc.bits), p_.adc.bits - adc::sparse_bits(s.column_sparsity));
}

std::vector<composed_macro::step_charge> composed_macro::step_charges(const operand_statistics& s) const {
    std::vector<step_charge> charges;
    const double rows = static_cast<double>(energy_.array.rows_active()), evaluations_now = evaluations(s),
                 bits = p_.input.bits * all_evaluations(); // the ones that are driven, which skipping leaves alone
    const double columns = static_cast<double>(weights_parallel() * slices());
    const double weights = static_cast<double>(weights_parallel());
    constexpr double reference_density = 0.5;
    const auto side_by_side = static_cast<double>(arrays());
    charges.push_back({"word_line", "word_line", "row x bit",
                       energy_.driver.drive_pj(columns / side_by_side * p_.array.cell_bits),
                       side_by_side * rows * bits * s.input_density / reference_density});
    charges.push_back({"array", "array", "cell x bit",
                       energy_.array.cell_read_pj(timing_.driver.bit_ps()) *
                           (p_.array.on_resistance_ohm > 0 ? 1 : p_.array.cell_bits),
                       rows * columns * energy_.array.pulses(p_.input.bits) * all_evaluations() *
                           energy_.array.reads(s.input_density, s.weight_density)});
    if (energy_.converter.present()) {
        const double resolution = conversion_bits(s);
        charges.push_back({"adc", adc::action(resolution), "conversion", energy_.converter.convert_pj(resolution),
                           static_cast<double>(sums()) * evaluations_now});
    } else {
        charges.push_back(
            {"adder_tree", "adder_tree", "sum", energy_.tree.add_pj(reference_density),
             weights * bits * s.input_density * s.weight_density / (reference_density * reference_density)});
    }
    const double sums_of_weight = p_.weight_serial ? 1 : static_cast<double>(p_.weight_bits) / sum_weight_bits();
    charges.push_back({"accumulate", "accumulate", "sum", energy_.sum.add_pj(p_.input.bits, sum_weight_bits()),
                       weights * sums_of_weight * evaluations_now});
    if (p_.weight_serial)
        charges.push_back({"write_back", "write_back", "bit", energy_.write.cell_pj(), weights * evaluations_now});
    charges.push_back({"buffer", "buffer", "bit", energy_.operands.access_pj(),
                       energy_.operands.bits() + weights * energy_.sum.bits()});
    if (p_.write.retention_ps > 0)
        charges.push_back({"refresh", "refresh", "byte", write_pj_per_byte(),
                           static_cast<double>(capacity_bytes()) * step_ps_ / p_.write.retention_ps});
    charges.push_back({"leakage", "leakage", "step", leakage_mw_ * step_ps_ * 1e-3, 1});
    if (p_.control_share > 0) charges.push_back({"control", "control", "step", control_pj_, 1});
    return charges;
}

std::vector<mac_charge> composed_macro::mac_charges(energy_basis, const operand_statistics& s) const {
    std::vector<mac_charge> charges;
    for (auto& c : step_charges(s))
        charges.push_back({std::move(c.action), std::move(c.unit), c.unit_energy_pj, c.per_step / macs_per_step()});
    return charges;
}

std::vector<part_share> composed_macro::energy_parts(const operand_statistics& s) const {
    std::vector<part_share> parts;
    for (const auto& c : step_charges(s)) parts.push_back({c.part, c.unit_energy_pj * c.per_step});
    return parts;
}

std::vector<part_share> composed_macro::time_parts() const {
    const double n = evaluations(p_.statistics);
    const bool hidden_conversions = p_.pipelined && conversions_ps_ <= settle_ps_;
    const bool hidden_settling = p_.pipelined && !hidden_conversions;
    return {{"setup", p_.setup_ps},
            {"settle", hidden_settling ? 0 : n * settle_ps_},
            {"convert", hidden_conversions ? 0 : n * conversions_ps_},
            {"refresh", refresh_share_ * step_ps_}};
}

std::vector<part_share> composed_macro::area_parts() const {
    const auto rows = static_cast<double>(p_.array.rows), weights = static_cast<double>(weights_parallel());
    const auto side_by_side = static_cast<double>(arrays());
    std::vector<part_share> parts{
        {"array", side_by_side * energy_.array.area_um2(cells(p_))},
        {"word_line", side_by_side * rows * energy_.driver.row_area_um2()},
        {"adc", static_cast<double>(converters_) * energy_.converter.area_um2()},
        {"adder_tree", weights * energy_.tree.area_um2()},
        {"accumulate", weights * energy_.sum.area_um2()},
        {"buffer",
         energy_.operands.area_um2() + energy_.results.area_um2() * side_by_side / static_cast<double>(slices())},
        {"write", side_by_side * energy_.write.area_um2(static_cast<double>(p_.array.columns))},
        {"other", p_.other_area_um2},
    };
    parts.erase(std::remove_if(parts.begin(), parts.end(), [](const auto& p) { return p.value == 0; }), parts.end());
    return parts;
}

double composed_macro::area_um2() const {
    double area = 0;
    for (const auto& part : area_parts()) area += part.value;
    return area;
}

double composed_macro::write_pj_per_byte() const {
    const auto cells_of_weight = static_cast<double>(p_.weight_serial ? p_.weight_bits : slices()) *
                                 (p_.encoding == weight_encoding::differential ? 2 : 1);
    return 8.0 / p_.weight_bits * cells_of_weight * energy_.write.cell_pj();
}

double composed_macro::write_row_ps() const { return (p_.weight_serial ? p_.weight_bits : 1) * timing_.write.row_ps(); }

double composed_macro::overhead_pj() const { return p_.other_power_mw * step_ps_ * 1e-3 / macs_per_step(); }

double composed_macro::energy_uncertainty() const {
    return std::max(p_.circuits.energy_uncertainty, energy_.converter.uncertainty());
}

std::string composed_macro::range_note() const {
    auto note = energy_.scale.note;
    if (p_.adc.kind == adc_kind::survey) {
        note += note.empty() ? "" : "; ";
        note += "converters by a survey of good designs: a bound";
        constexpr double under_all_nm = 14;
        if (energy_.scale.node_nm <= under_all_nm) note += ", at this node under every surveyed fast converter";
    }
    return note;
}

} // namespace cimtlm
