#pragma once
/// A program of several commands: usage, dispatch, and how errors end it.
#include <map>
#include <string>
#include <vector>

namespace cimtlm {

struct program {
    std::string name;
    const char* usage;
    /// Each takes the arguments after its name and returns the exit status.
    std::map<std::string, int (*)(const std::vector<std::string>&)> commands;
};

/// Runs the command of `argv`; the exit status. Without a command, and for errors, says so on standard error. Also
/// serves --help and --version.
int run_program(const program& p, int argc, char** argv);

} // namespace cimtlm
