#include <platforms/riscv_soc/semihosting.h>

#include <array>

namespace cimtlm {

namespace {
constexpr std::uint64_t sys_writec = 0x03, sys_write0 = 0x04, sys_get_cmdline = 0x15, sys_exit = 0x18,
                        sys_exit_extended = 0x20;
constexpr std::uint64_t application_exit = 0x20026; // ADP_Stopped_ApplicationExit
constexpr std::uint64_t failed = ~std::uint64_t{0};
constexpr int other_reason = 1; // of a guest that stops for another reason than its end
} // namespace

std::uint64_t semihosting::call(std::uint64_t operation, std::uint64_t argument, const memory& guest) {
    switch (operation) {
    case sys_writec:
    case sys_write0: {
        char c = 0;
        do {
            if (!guest.read(argument++, &c, 1)) return failed;
            if (operation == sys_writec || c != 0) write_(c);
        } while (operation == sys_write0 && c != 0);
        return 0;
    }
    case sys_get_cmdline: {
        std::array<std::uint64_t, 2> block{}; // where, how many bytes
        if (!guest.read(argument, block.data(), sizeof block) || block[1] <= command_line_.size()) return failed;
        if (!guest.write(block[0], command_line_.c_str(), command_line_.size() + 1)) return failed;
        block[1] = command_line_.size();
        return guest.write(argument, block.data(), sizeof block) ? 0 : failed;
    }
    case sys_exit:
    case sys_exit_extended: {
        std::array<std::uint64_t, 2> block{}; // why, with which code
        if (!guest.read(argument, block.data(), sizeof block)) {
            if (operation != sys_exit) return failed;
            block[0] = argument; // on 64 bits an address, too, but some runtimes hand over the reason itself
        }
        if (!exit_code_) // of several at the same time the first
            exit_code_ = block[0] == application_exit ? static_cast<int>(block[1] & 0xff) : other_reason;
        return 0;
    }
    default:
        return failed;
    }
}

} // namespace cimtlm
