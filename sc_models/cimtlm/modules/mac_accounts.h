#pragma once
/// The rows of a ledger in which multiply-accumulates stand.
#include <cimtlm/base/ledger.h>
#include <cimtlm/macro/engine.h>

#include <string>
#include <utility>
#include <vector>

namespace cimtlm {

/// Opened once for the statistics of some work, charged with each step of it.
class mac_accounts {
public:
    mac_accounts() = default;
    mac_accounts(ledger& in, const std::string& part, const std::vector<mac_charge>& charges) {
        for (const auto& c : charges) rows_.emplace_back(in.open(part, c.action, c.unit, c.unit_energy_pj), c.per_mac);
    }
    /// `macs`: of the engine's width.
    void charge(ledger& in, double macs) const {
        for (const auto& [account, per_mac] : rows_) in.charge(account, macs * per_mac);
    }

private:
    std::vector<std::pair<ledger::account, double>> rows_;
};

} // namespace cimtlm
