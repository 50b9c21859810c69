#include <cimtlm/machine/scaling.h>

namespace cimtlm {

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
        auto& macro = m.cim->macro;
        // Said apart, because the latency may stay behind where the energies go.
        if (!macro.latency_native) macro.latency_native = macro.native;
        parts.push_back({"cim.macro.native",
                         &macro.native,
                         {{"cim.macro.mac_energy_pj", kind::energy, &macro.mac_energy_pj},
                          {"cim.macro.overhead_energy_pj", kind::energy, &macro.overhead_energy_pj},
                          {"cim.macro.write_energy_pj_per_byte", kind::energy, &macro.write_energy_pj_per_byte},
                          {"cim.macro.sram_area_um2_per_byte", kind::area, &macro.sram_area_um2_per_byte}},
                         macro.follows_node});
        parts.push_back({"cim.macro.latency_native",
                         &macro.latency_native,
                         {{"cim.macro.latency_ps", kind::delay, &macro.latency_ps},
                          {"cim.macro.write_row_ps", kind::delay, &macro.write_row_ps}},
                         macro.follows_node});
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

technology_factor scale(figure_kind kind, const technology_point& from, const technology_point& to) {
    if (kind == figure_kind::energy) return scale_energy(from, to);
    return kind == figure_kind::area ? scale_area(from, to) : scale_delay(from, to);
}

/// Scales `m` in place and tells what it did.
std::vector<figure_scaling> scale_figures(machine& m) {
    std::vector<figure_scaling> done;
    const auto target = m.technology.point();
    for (auto& part : technology_parts(m)) {
        if (!*part.native) continue;
        const auto native = **part.native;
        for (auto& figure : part.figures) {
            figure_scaling s{figure.path, figure.kind, native, *figure.value, *figure.value, 1, false, false};
            s.kept = !part.follows || (figure.kind == figure_kind::delay && !m.technology.scale_delay);
            if (!s.kept) {
                const auto factor = scale(figure.kind, native, target); // exactly 1 where both are the same
                s.outside = factor.outside;
                s.factor = factor.value;
                s.value = *figure.value *= factor.value;
            }
            done.push_back(s);
        }
        if (!done.back().kept) *part.native = target;
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
