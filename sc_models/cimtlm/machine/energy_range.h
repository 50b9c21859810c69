#pragma once
/// How sure energies are: ranges of the machine's figures, and the band of a result that follows from them.
#include <cimtlm/base/ledger.h>
#include <cimtlm/machine/machine.h>
#include <cimtlm/machine/scaling.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace cimtlm {

/// Between what a figure may lie, in its unit.
struct figure_range {
    double low = 0;
    double high = 0;
};
/// By path of the figure: "cim.macro.mac_energy_pj".
using figure_ranges = std::map<std::string, figure_range>;

/// Ranges at the machine's technology: each is scaled as its figure is.
figure_ranges scaled(figure_ranges ranges, const std::vector<figure_scaling>& figures);

/// The figure that prices a row of energy.
struct row_price {
    std::string path;  ///< "memories.l2.read_energy_pj_per_byte" of part l2, action read
    double value;      ///< what the machine has there, in the unit of the key
    double factor = 1; ///< it, or its range, is no surer than this: from low / factor to high x factor
};

/// Where the price of (part, action) stands in the configuration of `m`; nothing for a row that no run of `m` has. The
/// rows of a composed macro have no figure of their own: its circuits say how sure they are. Static energy is
/// power x time, and time no surer than that of a composed macro (its delay_uncertainty()).
std::optional<row_price> price_of(const machine& m, const std::string& part, const std::string& action);

/// Total energy when every unit energy takes its low end, or its high end.
struct energy_band {
    double low_pj = 0;
    double high_pj = 0;
};

/// The band of `energy` on `m`. A row takes the ends of its figure in proportion; figures without a range or a factor
/// stay what they are. low_pj <= total <= high_pj.
energy_band band_of(const ledger& energy, const machine& m, const figure_ranges& ranges);

} // namespace cimtlm
