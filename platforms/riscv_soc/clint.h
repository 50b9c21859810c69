#pragma once
/// Core-local interruptor: software and timer interrupts of each hart, and the time.
#include <platforms/riscv_soc/peripheral.h>

#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

namespace cimtlm {

/// Registers (soc_map.h): msip (4 bytes a hart; bit 0, the others read 0), mtimecmp (4 or 8 bytes; all ones at first,
/// which is never), mtime (4 or 8 bytes, read only). mtime = floor(time of the access / tick).
///
/// Lines are raised by a process in the kernel's time and lowered from within the access that lowers them: the timer
/// while mtime >= mtimecmp, the software line while msip is 1, from the time of the access that wrote it. A hart ahead
/// of the kernel that moves mtimecmp before the kernel's time has reached it is not interrupted: it was there first.
class clint : public peripheral {
public:
    enum class line { software, timer };

    /// 1 to 4095 harts; the tick is 1 / `tick_mhz`, which is rounded to whole hertz, 1 Hz to 1 THz. Throws
    /// input_error for others.
    clint(const sc_core::sc_module_name& name, unsigned harts, double tick_mhz, std::int64_t access_ps);

    /// Called whenever a line changes; all are low at first.
    void on_interrupt(std::function<void(unsigned hart, line which, bool level)> callback) {
        interrupt_ = std::move(callback);
    }
    /// What a hart reads as mtime (and as its time register) at `time_ps`.
    std::uint64_t mtime(std::int64_t time_ps) const;
    /// When the hart's timer line will rise, so that a core can limit how far it runs ahead; not later than the
    /// kernel's time when it is about to rise. -1: it is up already, or never within the kernel's time.
    std::int64_t next_timer_ps(unsigned hart) const { return due_ps(timer_line(hart)); }

private:
    static unsigned software_line(unsigned hart) { return 2 * hart; }
    static unsigned timer_line(unsigned hart) { return 2 * hart + 1; }
    tlm::tlm_response_status check(std::uint64_t offset, unsigned bytes, bool write) const override;
    std::uint64_t peek(std::uint64_t offset, unsigned bytes, std::int64_t time_ps) const override;
    void write(std::uint64_t offset, unsigned bytes, std::uint64_t value, std::int64_t time_ps) override;
    void drive(unsigned line, bool level) override;
    std::int64_t begin_ps(std::uint64_t tick) const;

    std::uint64_t tick_hz_;
    std::vector<std::uint32_t> msip_;    // by hart
    std::vector<std::uint64_t> compare_; // by hart
    std::function<void(unsigned, line, bool)> interrupt_;
};

} // namespace cimtlm
