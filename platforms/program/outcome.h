#pragma once
/// How the program ends, and what ends it from outside.
#include <csignal>

namespace cimtlm {

/// Exit statuses.
enum exit_status {
    exit_ok = 0,
    exit_fault = 1,        ///< a fault of ours, a standstill included
    exit_input = 2,        ///< usage, configuration, trace, an existing folder
    exit_environment = 3,  ///< disk full, unwritable
    exit_does_not_fit = 4, ///< weights that a machine cannot rewrite are more than it holds
    exit_interrupted = 130
};

/// Thrown when Ctrl-C (or a request to terminate) ended the work.
struct interrupted {};

/// From now on SIGINT, SIGTERM, SIGHUP and SIGQUIT only set a flag.
void catch_interrupts();
bool was_interrupted();

} // namespace cimtlm
