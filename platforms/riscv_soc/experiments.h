#pragma once
/// Questions about a system that a set of runs answers.
#include <string>
#include <vector>

namespace cimtlm {

/// One run of an experiment: `cimtlm-soc run ARGUMENTS --json`.
struct experiment_run {
    std::vector<std::string> arguments;
};

/// What of the results of the runs, in their order, stands in the table. The first row is the header.
using experiment_table = std::vector<std::vector<std::string>>;

struct experiment {
    std::string name;
    std::string question;
    std::vector<experiment_run> (*runs)();
};

const std::vector<experiment>& experiments();

} // namespace cimtlm
