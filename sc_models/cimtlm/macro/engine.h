#pragma once
/// The one interface of compute engines: published macros, composed macros, the tensor core.
#include <cimtlm/macro/operand_statistics.h>

#include <cstdint>
#include <string>
#include <vector>

namespace cimtlm {

/// What one engine instance computes in a step, and what it holds.
/// A step takes step_ps() and multiplies rows_parallel inputs with rows_parallel x columns_parallel weights.
/// rows_held and columns_held are the positions held per computing row and column, used one after another.
struct engine_geometry {
    std::int64_t rows_parallel = 1;    ///< Rp: extent over K of one step
    std::int64_t columns_parallel = 1; ///< Cp: extent over N of one step
    std::int64_t rows_held = 1;        ///< Rh
    std::int64_t columns_held = 1;     ///< Ch
    int input_bits = 8;                ///< of the inputs that one step takes
    int weight_bits = 8;               ///< of one held weight
};

/// How the published MAC energy is meant: of one multiply-accumulate, or of one of its two operations.
enum class energy_basis { mac, operation };

/// A row in which part of the energy of multiply-accumulates stands.
struct mac_charge {
    std::string action;    ///< what for, e.g. "array"
    std::string unit;      ///< what is counted, e.g. "MAC"
    double unit_energy_pj; ///< pJ a unit: one price for an action, whatever the statistics
    double per_mac;        ///< units that one multiply-accumulate of the engine's width takes
};

/// A compute engine as a plain model: no simulated time, no sockets. Units are in the names.
class engine {
public:
    virtual ~engine() = default;
    virtual std::string name() const = 0;
    virtual engine_geometry geometry() const = 0;
    /// Duration of one step in ps at the machine's clock.
    virtual double step_ps() const = 0;
    /// Energy of one multiply-accumulate in pJ, on the given reading of the published figure, at nominal statistics.
    virtual double mac_pj(energy_basis basis) const = 0;
    /// Where that energy goes, for operands of these statistics. What they change is how much of an action a
    /// multiply-accumulate takes, or which action; a ledger refuses two prices for one. Here: one row.
    virtual std::vector<mac_charge> mac_charges(energy_basis basis, const operand_statistics& s) const;
    /// Of operands of which nothing is known.
    virtual operand_statistics nominal_statistics() const { return {}; }
    /// False when what compute() gives may differ from the exact sums (converters quantise, devices vary).
    virtual bool exact() const { return true; }
    /// False when the results of the chip that is meant are not, whatever compute() gives.
    virtual bool exact_results() const { return exact(); }
    /// Bits of an exact result of a step.
    double exact_bits() const;
    /// Bits that a result is worth; 0: not said.
    virtual double effective_bits() const { return exact_bits(); }
    /// Factors within which energy and time are to be taken; 1: nothing is said.
    virtual double energy_uncertainty() const { return 1; }
    virtual double delay_uncertainty() const { return 1; }
    /// True when weights are written into the engine and stay there over many steps (CiM).
    virtual bool holds_weights() const = 0;
    /// Energy of writing one byte of weights into the engine, pJ. 0 where nothing is held.
    virtual double write_pj_per_byte() const { return 0; }
    /// Bytes that one access of the published energy model writes at once (the published convention charges
    /// write_pj_per_byte once per access).
    virtual std::int64_t published_write_bytes() const { return 1; }
    /// Write port of one instance, bytes a clock cycle. 0: not a limit.
    virtual double write_bytes_per_cycle() const { return 0; }
    /// Least time of writing one row of weights (all columns, held ones included) into one instance, ps: programming
    /// with verification. 0: not a limit.
    virtual double write_row_ps() const { return 0; }
    /// Energy of one multiply-accumulate that is spent outside the engine on its account, pJ.
    virtual double overhead_pj() const { return 0; }
    /// False when weights stay without power. Writing them is slow programming then: weights that do not fit are
    /// refused, not reloaded.
    virtual bool volatile_weights() const { return true; }
    /// True when weights can be written while the engine computes.
    virtual bool ping_pong() const { return false; }
    /// Area of one instance, um2.
    virtual double area_um2() const = 0;

    /// One step on data: outputs[c] += sum over r of inputs[r] x weights[r x columns + c], exact integers where
    /// exact(). Those also take operands wider than their own; others do not (operand_slices.h). inputs: `rows` values
    /// (rows <= rows_parallel), weights: rows x columns, row major (columns <= columns_parallel). `key` numbers the
    /// operation for engines with noise; exact engines ignore it.
    virtual void compute(const std::vector<std::int32_t>& inputs, const std::vector<std::int32_t>& weights,
                         std::vector<std::int64_t>& outputs, std::uint64_t key) const;

    /// Held weights of one instance, bytes.
    std::int64_t capacity_bytes() const;
    /// Time of writing `bytes` of weights into one instance, ps: its port, or its rows where they take longer.
    double write_ps(double bytes, double cycle_ps) const;
    /// Input slices: steps needed for inputs of `input_bits` (a macro below the precision works in slices).
    std::int64_t input_slices(int input_bits) const;
    /// Weight slices: neighbouring columns that one weight of `weight_bits` takes.
    std::int64_t weight_slices(int weight_bits) const;
};

} // namespace cimtlm
