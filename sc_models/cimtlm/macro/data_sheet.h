#pragma once
/// What a macro can do, as the data sheet of a part says it.
#include <cimtlm/macro/composed_macro.h>
#include <cimtlm/macro/published_macro.h>

#include <string>
#include <vector>

namespace cimtlm {

/// Figures of one macro at its own technology. An operation is half of a multiply-accumulate of the macro's own
/// precision; "one_bit" figures count each as input bits x weight bits of them.
struct data_sheet {
    std::string name;
    engine_geometry geometry;
    std::int64_t capacity_bytes = 0;
    double step_ps = 0;     ///< a product of rows_parallel inputs with all columns_parallel weights
    double whole_ps = 0;    ///< all held positions one after another: every weight once
    double step_pj = 0;     ///< without what is spent outside
    double overhead_pj = 0; ///< a step, outside the macro on its account
    double tops = 0, tops_per_w = 0, tops_per_mm2 = 0; ///< overhead included
    double one_bit_tops = 0, one_bit_tops_per_w = 0, one_bit_tops_per_mm2 = 0;
    double energy_factor = 1;  ///< nine of ten chips lie within this factor of the energy; 1: nothing is said
    double delay_factor = 1;   ///< of the time
    double area_factor = 1;    ///< of the area
    double exact_bits = 0;     ///< of a result
    double effective_bits = 0; ///< that it is worth; 0: not said
    double area_um2 = 0, leakage_mw = 0;
    double write_pj_per_byte = 0, write_row_ps = 0, retention_ps = 0; ///< retention 0: not limited
    std::vector<part_share> energy, time, area; ///< pJ, ps, um2 by part; each adds up to its total
    std::string note;                           ///< why figures are not trusted, or ""
};

/// `basis`: the reading of a published MAC energy. Throws input_error for figures that are not above 0.
data_sheet data_sheet_of(const published_macro_parameters& p, energy_basis basis);
data_sheet data_sheet_of(const composed_macro_parameters& p);

} // namespace cimtlm
