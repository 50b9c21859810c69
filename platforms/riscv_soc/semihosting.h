#pragma once
/// The calls of RISC-V semihosting that a guest makes to its host: command line, text, exit.
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace cimtlm {

/// A guest calls its host by EBREAK between two instructions without effect; a0 is the operation, a1 its argument or
/// the address of its arguments (RISC-V Semihosting 1.0, which takes its operations from Arm's). Served:
/// SYS_WRITEC, SYS_WRITE0, SYS_GET_CMDLINE, SYS_EXIT, SYS_EXIT_EXTENDED; others answer -1.
class semihosting {
public:
    /// What stands before and behind the EBREAK.
    static constexpr std::uint32_t prefix = 0x01f01013; ///< slli x0, x0, 0x1f
    static constexpr std::uint32_t suffix = 0x40705013; ///< srai x0, x0, 7

    /// The guest's memory; false where there is none.
    struct memory {
        std::function<bool(std::uint64_t address, void* to, std::uint64_t bytes)> read;
        std::function<bool(std::uint64_t address, const void* from, std::uint64_t bytes)> write;
    };
    /// `write`: takes the guest's text.
    semihosting(std::string command_line, std::function<void(char)> write)
        : command_line_(std::move(command_line))
        , write_(std::move(write)) {}

    /// Serves one call; the value is for a0.
    std::uint64_t call(std::uint64_t operation, std::uint64_t argument, const memory& guest);
    /// The code with which the guest has ended, once it has.
    const std::optional<int>& exit_code() const { return exit_code_; }

private:
    std::string command_line_;
    std::function<void(char)> write_;
    std::optional<int> exit_code_;
};

} // namespace cimtlm
