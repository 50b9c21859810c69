#pragma once
/// Guests of the tests: assembled when they are needed, run by the program cimtlm-soc as a child process.
#include "program/child.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace cimtlm::test {

/// Skips the test where there is no compiler for guests.
#define NEEDS_GUESTS()                                                                                                 \
    if (std::string(CIMTLM_RISCV_GCC).empty()) GTEST_SKIP() << "no tools for RISC-V guests"

/// An executable for the SoC and the addresses of its labels.
class guest {
public:
    /// `source`: a file of tests/soc/guests ("trap.S"), or else the text behind guest.inc. `definitions`: "ROUNDS=5".
    explicit guest(const std::string& source, const std::vector<std::string>& definitions = {});
    const std::string& path() const { return path_; }
    /// Of a label; fails the test when there is none.
    std::uint64_t address(const std::string& label) const;
    /// Instructions from the begin up to a label.
    std::int64_t instructions_before(const std::string& label) const;

private:
    std::unique_ptr<scratch> folder_;
    std::string path_;
    std::map<std::string, std::uint64_t> labels_;
};

/// What a run with --json came to.
struct guest_run {
    outcome child; ///< standard error: the guest's text, then the program's
    boost::json::object results;

    std::int64_t time_ps() const { return integer("time_ps"); }
    std::int64_t instructions() const { return integer("instructions"); }
    /// A result of the guest or of the run; fails the test when it is not there.
    double value(const std::string& name) const;
    std::int64_t integer(const std::string& name) const;
    double statistic(const std::string& name) const;
    double energy_pj(const std::string& part) const;
    std::string message() const;
    bool has(const std::string& name) const { return results.contains(name); }
};

/// The program with any arguments.
outcome call_soc(const std::vector<std::string>& arguments);
/// `cimtlm-soc run FIRMWARE OPTIONS --json`; it has to end with `status`.
guest_run run_guest(const std::string& firmware, std::vector<std::string> options = {}, int status = 0);
inline guest_run run_guest(const guest& g, std::vector<std::string> options = {}, int status = 0) {
    return run_guest(g.path(), std::move(options), status);
}

/// "--set key=value" for each.
std::vector<std::string> sets(const std::vector<std::string>& keys);
std::vector<std::string> operator+(std::vector<std::string> a, const std::vector<std::string>& b);
/// The quanta that tests go through: 0, 1 ns, 1 us, 100 us.
const std::vector<std::string>& quanta();
std::vector<std::string> at_quantum(const std::string& quantum);

/// 0x and as many digits as there are.
std::string hexadecimal(std::uint64_t value);
/// The seed of a random test: CIMTLM_SEED or one of its own; is told.
std::uint64_t random_seed(std::uint64_t own);

} // namespace cimtlm::test
