#pragma once
/// Why nothing moves: every module can say what it waits for.
#include <string>

namespace cimtlm {

/// Implemented by modules that can hold work. When events run out before the work is done, the platform asks
/// every module and prints the answers.
struct activity {
    virtual ~activity() = default;
    /// What the module waits for, in words; "" when it is idle.
    virtual std::string waiting_for() const = 0;
};

} // namespace cimtlm
