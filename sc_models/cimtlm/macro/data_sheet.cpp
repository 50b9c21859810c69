#include <cimtlm/base/error.h>
#include <cimtlm/macro/data_sheet.h>

namespace cimtlm {

namespace {

/// What every engine says.
data_sheet common(const engine& e, energy_basis basis) {
    data_sheet d;
    d.name = e.name();
    const auto g = d.geometry = e.geometry();
    const auto macs = static_cast<double>(g.rows_parallel * g.columns_parallel);
    d.capacity_bytes = e.capacity_bytes();
    d.step_ps = e.step_ps();
    d.whole_ps = d.step_ps * static_cast<double>(g.rows_held * g.columns_held);
    d.step_pj = e.mac_pj(basis) * macs;
    d.overhead_pj = e.overhead_pj() * macs;
    d.area_um2 = e.area_um2();
    d.tops = 2 * macs / d.step_ps; // operations a ps
    d.tops_per_w = 2 * macs / (d.step_pj + d.overhead_pj);
    d.tops_per_mm2 = d.area_um2 > 0 ? d.tops / (d.area_um2 * 1e-6) : 0;
    const double one_bit = static_cast<double>(g.input_bits) * g.weight_bits;
    d.one_bit_tops = d.tops * one_bit;
    d.one_bit_tops_per_w = d.tops_per_w * one_bit;
    d.one_bit_tops_per_mm2 = d.tops_per_mm2 * one_bit;
    d.exact_bits = e.exact_bits();
    d.effective_bits = e.effective_bits();
    d.energy_factor = e.energy_uncertainty();
    d.delay_factor = e.delay_uncertainty();
    d.write_pj_per_byte = e.write_pj_per_byte();
    d.write_row_ps = e.write_row_ps();
    return d;
}

} // namespace

data_sheet data_sheet_of(const published_macro_parameters& p, energy_basis basis) {
    for (const auto& [key, value] : {std::pair{"rows_parallel", static_cast<double>(p.rows_parallel)},
                                     {"columns_parallel", static_cast<double>(p.columns_parallel)},
                                     {"rows_held", static_cast<double>(p.rows_held)},
                                     {"columns_held", static_cast<double>(p.columns_held)},
                                     {"input_bits", static_cast<double>(p.input_bits)},
                                     {"weight_bits", static_cast<double>(p.weight_bits)},
                                     {"latency_ps", p.latency_ps},
                                     {"mac_energy_pj", p.mac_energy_pj}})
        if (!(value > 0)) throw input_error(p.name + ": " + key + " must be above 0");
    const published_macro m(p);
    auto d = common(m, basis);
    d.energy = {{"mac", d.step_pj}};
    d.time = {{"step", d.step_ps}};
    d.area = {{"macro", d.area_um2}};
    return d;
}

data_sheet data_sheet_of(const composed_macro_parameters& p) {
    const composed_macro m(p);
    auto d = common(m, energy_basis::mac);
    d.energy = m.energy_parts(p.statistics);
    d.time = m.time_parts();
    d.area = m.area_parts();
    d.area_factor = p.circuits.area_uncertainty;
    d.leakage_mw = m.leakage_mw();
    d.retention_ps = m.retention_ps();
    d.note = m.range_note();
    return d;
}

} // namespace cimtlm
