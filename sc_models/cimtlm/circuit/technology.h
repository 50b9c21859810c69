#pragma once
/// Technology scaling: energy, delay and area of one circuit at another node and supply.
///
/// Source of the polynomials and of the areas: A. Stillmaker and B. Baas, "Scaling equations for the accurate
/// prediction of CMOS device performance from 180 nm to 7 nm", Integration 58, 2017. A figure is multiplied by the
/// quotient of the factors of the target and of the technology it is native to. Gates only: global wires shrink less
/// than this says.
#include <boost/describe.hpp>

#include <string>
#include <vector>

namespace cimtlm {

/// Kind of transistor. bulk: planar, 180 to 65 nm; hp: high performance, 45 nm and below; lp: low power with high-k
/// gates, 45 and 32 nm; lstp: low standby power with multiple gates, 20 nm and below.
enum class flavour { bulk, hp, lp, lstp };
BOOST_DESCRIBE_ENUM(flavour, bulk, hp, lp, lstp)

/// Where a figure holds: node, supply and kind of transistor.
struct technology_point {
    double node_nm = 0;                            ///< nm
    double supply_v = 0;                           ///< V
    cimtlm::flavour flavour = cimtlm::flavour::lp; ///< kind of transistor
};
BOOST_DESCRIBE_STRUCT(technology_point, (), (node_nm, supply_v, flavour))

bool operator==(const technology_point& a, const technology_point& b);
inline bool operator!=(const technology_point& a, const technology_point& b) { return !(a == b); }

/// "45 nm LP 1 V".
std::string to_string(const technology_point& point);

/// One row of the scaling table.
struct technology_row {
    cimtlm::flavour flavour;
    double node_nm;
    double nominal_supply_v; ///< of the transistor models (PTM) behind the polynomials; see docs/model.md
    double area;             ///< against the same layout at 45 nm
    double delay[4];         ///< coefficients of V^3, V^2, V, 1
    double energy[3];        ///< coefficients of V^2, V, 1
};

/// The table, largest node first within a flavour.
const std::vector<technology_row>& technology_table();

/// The row that serves a node: the nearest one of its flavour by the quotient of the nodes (28 nm takes 32 nm, 22 nm
/// takes 20 nm, 12 nm takes 14 nm). A row more than a factor of 1.3 away serves only where no flavour has a nearer one
/// (3 nm takes 7 nm, and is marked). Throws input_error when the flavour does not exist at the node, and names those
/// that do.
const technology_row& technology_row_of(flavour kind, double node_nm);

/// A factor, and whether it was taken outside the range in which the equations hold.
struct technology_factor {
    double value;
    bool outside;
};

/// Factors of one technology. `outside` when the supply is more than 30 % from the nominal one of the row (the
/// polynomials bend the wrong way there) or the row more than a factor of 1.3 from the node.
/// Throw input_error where a polynomial is not positive.
technology_factor energy_factor(flavour kind, double node_nm, double supply_v);
technology_factor delay_factor(flavour kind, double node_nm, double supply_v);

/// What a figure that is native to `from` is multiplied by at `to`: exactly 1 where both are the same.
technology_factor scale_energy(const technology_point& from, const technology_point& to);
technology_factor scale_delay(const technology_point& from, const technology_point& to);
technology_factor scale_area(const technology_point& from, const technology_point& to);

/// Why figures at this technology are marked, or "": "0.4 V is outside 0.49 to 0.91 V (7 nm HP: nominal 0.7 V +- 30
/// %)".
std::string range_note(const technology_point& point);

} // namespace cimtlm
