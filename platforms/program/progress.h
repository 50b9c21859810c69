#pragma once
/// A progress bar with the remaining time, on a terminal only.
#include <chrono>
#include <string>

namespace cimtlm {

/// Draws on standard error, at most ten times a second; nothing when that is no terminal.
class progress_bar {
public:
    explicit progress_bar(std::string label);
    ~progress_bar();
    /// `fraction` in 0 .. 1.
    void show(double fraction);

private:
    std::string label_;
    bool terminal_;
    bool drawn_ = false;
    std::chrono::steady_clock::time_point begin_, last_;
};

} // namespace cimtlm
