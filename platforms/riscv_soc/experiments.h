#pragma once
/// Questions about a system that a set of runs answers.
#include <boost/json.hpp>

#include <string>
#include <vector>

namespace cimtlm {

/// Rows of cells, the first one is the header.
using experiment_table = std::vector<std::vector<std::string>>;

struct experiment {
    std::string name, question;
    /// Arguments of `cimtlm-soc run`, one list a run.
    std::vector<std::vector<std::string>> (*runs)();
    /// The table, from the results of the runs in their order (what `run --json` prints).
    experiment_table (*table)(const std::vector<boost::json::object>& results);
};

const std::vector<experiment>& experiments();

} // namespace cimtlm
