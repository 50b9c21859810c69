#pragma once
/// One technology a machine: figures of its parts on the chip, brought from where they are native.
#include <cimtlm/machine/machine.h>

#include <string>
#include <vector>

namespace cimtlm {

enum class figure_kind { energy, area, delay, rate };

/// A figure that follows the technology.
struct technology_figure {
    std::string path; ///< its key: "cim.macro.mac_energy_pj"
    figure_kind kind;
    double* value;
};

/// What can state a native technology, with the figures that hold there.
struct technology_part {
    std::string path; ///< key of the statement: "cim.macro.native"
    std::optional<technology_point>* native;
    std::vector<technology_figure> figures;
    bool follows = true; ///< false: figures stay where they are native
    const composed_macro_parameters* composed =
        nullptr; ///< whose figures follow the law of its circuits, not the table
};

/// The parts on the chip of `m`, pointing into it. DRAM is outside the chip and not among them. A latency, or an
/// issue, that states no technology of its own is given the one of its macro or tensor core. Of a composed macro those
/// figures are among them that it states in place of its circuits' constants; the rest follows from its technology.
std::vector<technology_part> technology_parts(machine& m);

/// What scaling does to one figure.
struct figure_scaling {
    std::string path;
    figure_kind kind;
    technology_point native;
    double native_value;
    double value;  ///< at the machine's technology
    double factor; ///< of a positive figure value / native_value
    bool outside;  ///< scaled from or to where the equations do not hold
    bool kept;     ///< left as it is: a delay or rate without technology.scale_delay, or what does not follow the node
};

/// Every figure with a native technology, in the order of the struct. At the end stands what a composed macro comes to,
/// by the keys of a published one: "cim.macro.mac_energy_pj", "cim.macro.area_um2", ...
std::vector<figure_scaling> scaling_of(const machine& m);

/// The machine with every figure at the machine's technology, which the parts then state as their native one: scaling
/// twice is scaling once. Figures that are native there keep their bits, delays (and the clocks of converters) stay as
/// they are unless technology.scale_delay is set. Throws input_error as validate() does.
machine scaled(machine m);

} // namespace cimtlm
