#pragma once
/// Runs side by side, as tables and sentences. A run is what `run --json` prints; of a comparison of macros each has a
/// "macro" beside it (macro_object()).
#include <boost/json.hpp>

#include <string>
#include <vector>

namespace cimtlm {

/// A machine, or a macro, that cannot hold the work.
struct refusal {
    std::string name, reason;
};

/// What a run is called: its machine, or the macro compared.
std::string row_name(const boost::json::object& run);
/// A row each; ratios to the first. `format`: table, csv or markdown.
std::string comparison_table(const std::vector<boost::json::object>& runs, const std::vector<refusal>& refused,
                             const std::string& format);
/// Who is first in what, and a sentence each.
std::string comparison_text(const std::vector<boost::json::object>& runs, const std::vector<refusal>& refused);
/// Runs that have no part in who is first: what they compute is worth less than what the best of the others does.
std::vector<std::string> reduced_names(const std::vector<boost::json::object>& runs);

} // namespace cimtlm
