#pragma once
/// The energy ledger: every joule stands under the part that spent it, as count x unit energy.
#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace cimtlm {

/// Rows of (part, action, unit energy, count). An action's energy is count x unit energy, a part's energy
/// the sum of its actions, the total the sum of the parts: nothing is added on the side.
class ledger {
public:
    struct row {
        std::string part;      ///< who spent it, e.g. "dram"
        std::string action;    ///< what for, e.g. "read"
        std::string unit;      ///< what is counted, e.g. "byte"
        double unit_energy_pj; ///< picojoule per unit
        double count = 0;
        double energy_pj() const { return count * unit_energy_pj; }
    };
    /// Handle of a row: opened once, charged many times.
    using account = std::size_t;

    /// Opens (or finds) the row of this part and action. A second opening must state the same unit energy
    /// (std::logic_error otherwise): two prices for one action are a bug.
    account open(const std::string& part, const std::string& action, const std::string& unit, double unit_energy_pj);

    /// Charges `count` units. The hot path of every module.
    void charge(account a, double count) { rows_[a].count += count; }

    const std::vector<row>& rows() const { return rows_; }
    double total_pj() const;
    /// Energy by part in pJ; the values add up to total_pj().
    std::map<std::string, double> by_part() const;
    /// Adds the counts of `other` x `times`, opening rows as needed.
    void add(const ledger& other, double times = 1);

private:
    std::vector<row> rows_;
};

} // namespace cimtlm
