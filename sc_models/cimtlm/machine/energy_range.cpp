#include <cimtlm/machine/energy_range.h>

namespace cimtlm {

namespace {

std::optional<row_price> price_of(const memory_level& level, const std::string& action) {
    const auto key = "memories." + level.name + ".";
    // A cache reads what it writes back.
    if (action == "read" || action == "write_back")
        return row_price{key + "read_energy_pj_per_byte", level.read_energy_pj_per_byte};
    if (action == "update") return row_price{key + "update_energy_pj_per_byte", level.update_energy_pj_per_byte};
    if (action == "fill") return row_price{key + "fill_energy_pj_per_byte", level.fill_energy_pj_per_byte};
    return std::nullopt;
}

bool is_mac(const std::string& action) { return action == "multiply_accumulate" || action == "padding"; }

std::optional<row_price> price_of(const published_macro_parameters& macro, const std::string& part,
                                  const std::string& action) {
    if (is_mac(action)) return row_price{"cim.macro.mac_energy_pj", macro.mac_energy_pj};
    if (action == "overhead") return row_price{"cim.macro.overhead_energy_pj", macro.overhead_energy_pj};
    if (part == "weight_write") return row_price{"cim.macro.write_energy_pj_per_byte", macro.write_energy_pj_per_byte};
    return std::nullopt;
}

/// Rows are sums over circuits.
std::optional<row_price> price_of(const composed_macro_parameters& p, const engine& macro, const std::string& part,
                                  const std::string& action) {
    if (action == "overhead") return row_price{"cim.macro.other_power_mw", p.other_power_mw};
    if (part == "weight_write") return row_price{"cim.macro.circuits", 0, p.circuits.energy_uncertainty};
    if (part == "mac" || part == "cim") return row_price{"cim.macro.circuits", 0, macro.energy_uncertainty()};
    return std::nullopt;
}

} // namespace

figure_ranges scaled(figure_ranges ranges, const std::vector<figure_scaling>& figures) {
    for (const auto& f : figures)
        if (const auto found = ranges.find(f.path); found != ranges.end()) {
            found->second.low *= f.factor;
            found->second.high *= f.factor;
        }
    return ranges;
}

std::optional<row_price> price_of(const machine& m, const std::string& part, const std::string& action) {
    if (const int i = m.memory_index(part); i >= 0) return price_of(m.memories[static_cast<std::size_t>(i)], action);
    if (part == "bus") return row_price{"bus.energy_pj_per_byte", m.bus.energy_pj_per_byte};
    if (part == "host") return row_price{"host.command_energy_pj", m.host.command_energy_pj};
    if (part == "vector_unit") return row_price{"vector_unit.operation_energy_pj", m.vector_unit.operation_energy_pj};
    if (part == "static") // power x time
        return row_price{"static_power_mw", m.static_power_mw, m.cim ? m.matrix_engine()->delay_uncertainty() : 1};
    if (m.cim && part != "tensor_core") { // "mac" and "cim" are those of the arrays
        if (part == "addition") return row_price{"cim.addition_energy_pj", m.cim->addition_energy_pj};
        const auto price = m.cim->is_composed() ? price_of(m.cim->composed(), *m.matrix_engine(), part, action)
                                                : price_of(m.cim->published(), part, action);
        if (price) return price;
    }
    if (m.tensor_core) {
        if (is_mac(action)) return row_price{"tensor_core.mac_energy_pj", m.tensor_core->mac_energy_pj};
        if (action == "issue") return row_price{"tensor_core.issue_energy_pj", m.tensor_core->issue_energy_pj};
    }
    return std::nullopt;
}

energy_band band_of(const ledger& energy, const machine& m, const figure_ranges& ranges) {
    energy_band band;
    for (const auto& row : energy.rows()) {
        double low = row.unit_energy_pj, high = row.unit_energy_pj;
        const auto price = price_of(m, row.part, row.action);
        if (const auto found = price ? ranges.find(price->path) : ranges.end(); found != ranges.end()) {
            // A row may count in another unit than the key: two operations a MAC, picoseconds of milliwatts.
            const double scale = price->value > 0 ? row.unit_energy_pj / price->value : 1;
            low = found->second.low * scale;
            high = found->second.high * scale;
        }
        if (price) {
            low /= price->factor;
            high *= price->factor;
        }
        band.low_pj += row.count * low;
        band.high_pj += row.count * high;
    }
    return band;
}

} // namespace cimtlm
