#pragma once
/// Runs of this program as child processes, several at a time.
#include <string>
#include <vector>

namespace cimtlm {

struct child_outcome {
    int status = 0; ///< exit status; exit_environment when the system ended it
    std::string out, err;

    /// What the child said, without its name and line end.
    std::string message() const;
};

/// One child for each list of arguments, at most `jobs` at the same time, behind a progress bar. Throws interrupted.
std::vector<child_outcome> run_children(const std::vector<std::vector<std::string>>& arguments, std::size_t jobs,
                                        const std::string& label);

} // namespace cimtlm
