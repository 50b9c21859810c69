#include <cimtlm/machine/scaling.h>

namespace cimtlm {

namespace {

/// Energies and area, and times apart: these may stay behind where the others go.
void add_macro(std::vector<technology_part>& parts, published_macro_parameters& m) {
    using kind = figure_kind;
    if (!m.latency_native) m.latency_native = m.native;
    parts.push_back({"cim.macro.native",
                     &m.native,
                     {{"cim.macro.mac_energy_pj", kind::energy, &m.mac_energy_pj},
                      {"cim.macro.overhead_energy_pj", kind::energy, &m.overhead_energy_pj},
                      {"cim.macro.write_energy_pj_per_byte", kind::energy, &m.write_energy_pj_per_byte},
                      {"cim.macro.sram_area_um2_per_byte", kind::area, &m.sram_area_um2_per_byte}},
                     m.follows_node});
    parts.push_back({"cim.macro.latency_native",
                     &m.latency_native,
                     {{"cim.macro.latency_ps", kind::delay, &m.latency_ps},
                      {"cim.macro.write_row_ps", kind::delay, &m.write_row_ps}},
                     m.follows_node});
}

void add_macro(std::vector<technology_part>& parts, composed_macro_parameters& m) {
    using kind = figure_kind;
    if (!m.latency_native) m.latency_native = m.native;
    parts.push_back({"cim.macro.native",
                     &m.native,
                     {{"cim.macro.array.cell_area_um2", kind::area, &m.array.cell_area_um2},
                      {"cim.macro.input.row_energy_pj", kind::energy, &m.input.row_energy_pj},
                      {"cim.macro.input.row_area_um2", kind::area, &m.input.row_area_um2},
                      {"cim.macro.adc.conversion_energy_pj", kind::energy, &m.adc.conversion_energy_pj},
                      {"cim.macro.adc.area_um2", kind::area, &m.adc.area_um2},
                      {"cim.macro.write.pulse_energy_pj", kind::energy, &m.write.pulse_energy_pj},
                      {"cim.macro.write.verify_energy_pj", kind::energy, &m.write.verify_energy_pj},
                      {"cim.macro.other_area_um2", kind::area, &m.other_area_um2}},
                     m.follows_node,
                     &m});
    parts.push_back({"cim.macro.latency_native",
                     &m.latency_native,
                     {{"cim.macro.array.settle_ps", kind::delay, &m.array.settle_ps},
                      {"cim.macro.input.pulse_step_ps", kind::delay, &m.input.pulse_step_ps},
                      {"cim.macro.adc.clock_mhz", kind::rate, &m.adc.clock_mhz},
                      {"cim.macro.adc.conversion_ps", kind::delay, &m.adc.conversion_ps},
                      {"cim.macro.write.pulse_ps", kind::delay, &m.write.pulse_ps},
                      {"cim.macro.write.verify_ps", kind::delay, &m.write.verify_ps},
                      {"cim.macro.setup_ps", kind::delay, &m.setup_ps}},
                     m.follows_node,
                     &m});
}

} // namespace

std::vector<technology_part> technology_parts(machine& m) {
    std::vector<technology_part> parts;
    using kind = figure_kind;
    for (auto& level : m.memories) {
        if (level.kind == memory_kind::dram) continue;
        const auto key = "memories." + level.name + ".";
        parts.push_back({key + "native",
                         &level.native,
                         {{key + "read_energy_pj_per_byte", kind::energy, &level.read_energy_pj_per_byte},
                          {key + "update_energy_pj_per_byte", kind::energy, &level.update_energy_pj_per_byte},
                          {key + "fill_energy_pj_per_byte", kind::energy, &level.fill_energy_pj_per_byte},
                          {key + "area_um2", kind::area, &level.area_um2}}});
    }
    const auto add_memory_of_device = [&](std::optional<device_memory_parameters>& memory, const std::string& name) {
        if (!memory) return;
        const auto key = "device." + name + ".";
        parts.push_back({key + "native",
                         &memory->native,
                         {{key + "read_energy_pj_per_byte", kind::energy, &memory->read_energy_pj_per_byte},
                          {key + "write_energy_pj_per_byte", kind::energy, &memory->write_energy_pj_per_byte}}});
    };
    if (m.device) {
        add_memory_of_device(m.device->activation_memory, "activation_memory");
        add_memory_of_device(m.device->weight_memory, "weight_memory");
    }
    if (m.cim) {
        std::visit([&](auto& macro) { add_macro(parts, macro); }, m.cim->macro);
        parts.push_back(
            {"cim.native", &m.cim->native, {{"cim.addition_energy_pj", kind::energy, &m.cim->addition_energy_pj}}});
        if (m.cim->place) parts.back().figures.push_back({"cim.place.area_um2", kind::area, &m.cim->place->area_um2});
    }
    if (m.tensor_core) {
        auto& core = *m.tensor_core;
        if (!core.issue_native) core.issue_native = core.native;
        parts.push_back({"tensor_core.native",
                         &core.native,
                         {{"tensor_core.mac_energy_pj", kind::energy, &core.mac_energy_pj},
                          {"tensor_core.mac_area_um2", kind::area, &core.mac_area_um2}}});
        parts.push_back({"tensor_core.issue_native",
                         &core.issue_native,
                         {{"tensor_core.issue_energy_pj", kind::energy, &core.issue_energy_pj}}});
    }
    parts.push_back({"vector_unit.native",
                     &m.vector_unit.native,
                     {{"vector_unit.operation_energy_pj", kind::energy, &m.vector_unit.operation_energy_pj},
                      {"vector_unit.area_um2", kind::area, &m.vector_unit.area_um2}}});
    parts.push_back(
        {"bus.native", &m.bus.native, {{"bus.energy_pj_per_byte", kind::energy, &m.bus.energy_pj_per_byte}}});
    parts.push_back(
        {"host.native", &m.host.native, {{"host.command_energy_pj", kind::energy, &m.host.command_energy_pj}}});
    return parts;
}

namespace {

technology_factor scale(const technology_part& part, figure_kind kind, const technology_point& from,
                        const technology_point& to) {
    if (part.composed) {
        const auto at = [&](const technology_point& p) {
            return scale_circuits(part.composed->circuits, {p, part.composed->temperature_c});
        };
        const auto before = at(from), after = at(to);
        const double factor = kind == figure_kind::energy ? after.energy / before.energy
                              : kind == figure_kind::area ? after.area / before.area
                                                          : after.delay / before.delay;
        return {kind == figure_kind::rate ? 1 / factor : factor, !(before.note + after.note).empty()};
    }
    if (kind == figure_kind::energy) return scale_energy(from, to);
    return kind == figure_kind::area ? scale_area(from, to) : scale_delay(from, to);
}

bool is_time(figure_kind kind) { return kind == figure_kind::delay || kind == figure_kind::rate; }

/// What a composed macro with a native technology comes to, as it stands.
std::vector<figure_scaling> totals_of(const machine& m) {
    if (!m.cim || !m.cim->is_composed() || !m.cim->composed().native) return {};
    const composed_macro macro(m.cim->composed());
    const auto& p = macro.parameters();
    std::vector<figure_scaling> totals;
    const auto add = [&](const std::string& key, figure_kind kind, double value) {
        const auto native = is_time(kind) ? p.latency_native.value_or(*p.native) : *p.native;
        totals.push_back({"cim.macro." + key, kind, native, value, value, 1, !macro.range_note().empty(),
                          !p.follows_node || (is_time(kind) && !m.technology.scale_delay)});
    };
    add("mac_energy_pj", figure_kind::energy, macro.mac_pj(energy_basis::mac));
    add("write_energy_pj_per_byte", figure_kind::energy, macro.write_pj_per_byte());
    add("area_um2", figure_kind::area, macro.area_um2());
    add("latency_ps", figure_kind::delay, macro.step_ps());
    add("write_row_ps", figure_kind::delay, macro.write_row_ps());
    return totals;
}

/// Scales `m` in place and tells what it did.
std::vector<figure_scaling> scale_figures(machine& m) {
    std::vector<figure_scaling> done;
    const auto target = m.technology.point();
    const auto totals = totals_of(m);
    for (auto& part : technology_parts(m)) {
        if (!*part.native) continue;
        const auto native = **part.native;
        bool kept = true;
        for (auto& figure : part.figures) {
            figure_scaling s{figure.path, figure.kind, native, *figure.value, *figure.value, 1, false, false};
            kept = s.kept = !part.follows || (is_time(figure.kind) && !m.technology.scale_delay);
            if (!s.kept) {
                const auto factor = scale(part, figure.kind, native, target); // exactly 1 where both are the same
                s.outside = factor.outside;
                s.factor = factor.value;
                s.value = *figure.value *= factor.value;
            }
            done.push_back(s);
        }
        if (!kept) *part.native = target;
    }
    if (totals.empty()) return done;
    const auto after = totals_of(m);
    for (std::size_t i = 0; i < totals.size(); ++i) {
        auto s = totals[i];
        s.value = after[i].value;
        if (s.value != s.native_value) s.factor = s.value / s.native_value;
        s.outside = s.outside || after[i].outside;
        done.push_back(s);
    }
    return done;
}

} // namespace

std::vector<figure_scaling> scaling_of(const machine& m) {
    auto copy = m;
    return scale_figures(copy);
}

machine scaled(machine m) {
    scale_figures(m);
    return m;
}

} // namespace cimtlm
