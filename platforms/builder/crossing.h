#pragma once
/// Where one macro passes another: figures of a macro over precision, rows and batch, in closed form, and where two
/// cross.
#include <platforms/builder/plan.h>

#include <cimtlm/machine/machine.h>

#include <limits>
#include <vector>

namespace cimtlm {

/// What a result of a macro is worth.
struct result_precision {
    bool exact = true;
    double exact_bits = 0;     ///< of an exact result of a step
    double effective_bits = 0; ///< that it is worth; 0: not said
    bool is_said() const { return exact || effective_bits > 0; }
    /// More than a bit is lost, or nobody says that it is not.
    bool reduced() const { return !exact && (!is_said() || exact_bits - effective_bits > 1); }
};
result_precision precision_of(const engine& e);
/// Figures of two macros may be compared: nothing is lost, or the results are worth the same within a bit.
/// Of what is not said nothing is known to be worth the same.
bool equally_precise(const result_precision& a, const result_precision& b);

/// What converters are taken to be where a macro is changed. as_built: as exact as they are against the exact result: a
/// bit more or less for every factor of two of the largest sum. exact: of as few whole bits as tell every sum.
enum class converters { as_built, exact };

/// A figure of one macro over a quantity. NaN where the macro cannot be built so, or the machine does not hold the
/// work.
struct figure_curve {
    static constexpr double none = std::numeric_limits<double>::quiet_NaN();
    std::vector<double> at, value;
    std::vector<result_precision> result; ///< of the macro at each point
};

/// How a macro is priced: on which reading of published figures, for operands of which statistics (absent: its own).
struct macro_pricing {
    energy_basis basis = energy_basis::operation;
    operand_bits bits{}; ///< of the operands
    std::optional<operand_statistics> statistics = std::nullopt;
};

/// pJ of one of the two operations of a MAC, what is spent outside on its account included; operands wider than those
/// of the macro are sliced.
double operation_pj(const engine& e, const macro_pricing& p);

/// A composed macro made for operands of `bits` bits each: input_bits and weight_bits, and input.bits, cell_bits and
/// converters where they would be wider, or more, than what is left for them.
composed_macro_parameters at_precision(composed_macro_parameters p, int bits, converters c);
/// A composed macro in which `rows` rows add at once, of an array with at least as many.
composed_macro_parameters at_rows(composed_macro_parameters p, std::int64_t rows, converters c);

/// operation_pj for operands of 1 to 8 bits each. A published macro is as it is: sliced above its widths, and no better
/// below. `macro` states its technology.
figure_curve over_precision(const macro_parameters& macro, macro_pricing p, converters c);
/// operation_pj with 8 to 1024 rows that add at once; of a published macro nothing is known but its own number: NaN.
figure_curve over_rows(const macro_parameters& macro, const macro_pricing& p, converters c);

/// Energy and time of an operation of the product on the machine, at fidelity bound, for M of 1 to 4096.
struct batch_curves {
    figure_curve energy_pj, time_ps;
};
batch_curves over_batch(const machine& m, gemm product, const plan_options& options);
/// The product of most MACs in the work, those of weights before those of two activations; null: there is none.
const gemm* largest_product(const work_list& work);

/// Where two curves over the same points cross.
struct crossing {
    struct point {
        double at = 0, ratio = 0; ///< first / other there
    };
    std::vector<double> at;      ///< ascending; on a straight line of both logarithms between two points
    int below = 0;               ///< before the first crossing: -1 the first curve, 1 the other; 0: they are equal
    bool comparable = false;     ///< some point is of both
    bool equally_precise = true; ///< at every such point
    point low, high;             ///< the first and the last of them
};
/// What differs by less than `same` (0.01: one per cent) is equal, and where it is, no crossing yet.
crossing crossing_of(const figure_curve& first, const figure_curve& other, double same = 0);

} // namespace cimtlm
