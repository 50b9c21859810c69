#pragma once
/// Macros against each other in one machine: the machine with each of them, what their results are worth, where they
/// cross.
#include "options.h"

#include <platforms/builder/crossing.h>

#include <boost/json.hpp>

#include <string>
#include <vector>

namespace cimtlm {

/// A macro in the place of a machine's arrays.
struct macro_choice {
    std::string text;    ///< as asked for: "charge_domain_array,adc.bits=6"
    std::string variant; ///< "MACHINE,cim.macro=charge_domain_array,cim.macro.adc.bits=6"
    std::string refused; ///< why not a single array fits; "": they do
    machine scaled;      ///< the machine with it; with one array where none fits
    result_precision result;
};

/// Each of `macros` ("NAME,KEY=VALUE,..." with keys of the macro) in `machine`, at the area of the arrays that stand
/// there: as many as fit in its cim.place, or, where it states a cim.count, in the area of so many of its own macro.
/// Throws input_error for fewer than two, and for what is wrong with any of them; not for what does not fit.
std::vector<macro_choice> choose_macros(const std::vector<std::string>& macros, const std::string& machine,
                                        const work_options& w);

/// What the table says of a macro beside the figures of its run: arrays, what a result is worth, shares of the energy.
boost::json::object macro_object(const macro_choice& c, const boost::json::object& run);

/// The first macro against another, over one quantity.
struct macro_crossing {
    std::string first, other;
    std::string over;      ///< "precision", "precision, exact converters", "rows", ..., "batch"
    std::string figure;    ///< "energy", "time"
    std::string undefined; ///< why there is nothing to compare, or ""
    figure_curve first_curve, other_curve;
    crossing found;
};

/// The first macro against each other one: energy of an operation over precision and rows, energy and time of the
/// largest product of `work` over its M.
std::vector<macro_crossing> macro_crossings(const std::vector<macro_choice>& choices, const work_list& work,
                                            const work_options& w);

boost::json::array to_json(const std::vector<macro_crossing>& crossings);
/// Rows of cells, the header first.
std::vector<std::vector<std::string>> rows_of(const std::vector<macro_crossing>& crossings);

} // namespace cimtlm
