#include <cimtlm/base/ledger.h>

#include <stdexcept>

namespace cimtlm {

ledger::account ledger::open(const std::string& part, const std::string& action, const std::string& unit,
                             double unit_energy_pj) {
    for (std::size_t i = 0; i < rows_.size(); ++i) {
        if (rows_[i].part != part || rows_[i].action != action) continue;
        if (rows_[i].unit_energy_pj != unit_energy_pj)
            throw std::logic_error("ledger: two unit energies for " + part + "." + action);
        return i;
    }
    rows_.push_back({part, action, unit, unit_energy_pj, 0.0});
    return rows_.size() - 1;
}

double ledger::total_pj() const {
    double total = 0;
    for (const auto& [part, energy] : by_part()) total += energy;
    return total;
}

std::map<std::string, double> ledger::by_part() const {
    std::map<std::string, double> parts;
    for (const auto& r : rows_) parts[r.part] += r.energy_pj();
    return parts;
}

void ledger::add(const ledger& other, double times) {
    for (const auto& r : other.rows_) charge(open(r.part, r.action, r.unit, r.unit_energy_pj), r.count * times);
}

} // namespace cimtlm
