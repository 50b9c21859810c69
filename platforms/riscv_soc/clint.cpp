#include <platforms/riscv_soc/clint.h>

#include <cimtlm/base/error.h>
#include <platforms/riscv_soc/firmware/soc_map.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>

namespace cimtlm {

namespace {

__extension__ using wide = unsigned __int128;

constexpr std::uint64_t ps_per_s = 1000000000000;
constexpr unsigned max_harts = (SOC_CLINT_MTIME - SOC_CLINT_MTIMECMP) / 8;
constexpr std::uint64_t never = ~std::uint64_t{0};

bool is_msip(std::uint64_t offset) { return offset < SOC_CLINT_MTIMECMP; }

unsigned hart_of(std::uint64_t offset) {
    return static_cast<unsigned>(is_msip(offset) ? (offset - SOC_CLINT_MSIP) / 4 : (offset - SOC_CLINT_MTIMECMP) / 8);
}

// Where in a register of 64 bits an access of 4 or 8 bytes begins, and which bits it covers.
unsigned shift_of(std::uint64_t offset) { return offset % 8 * 8; }
std::uint64_t mask_of(unsigned bytes) { return bytes == 8 ? ~std::uint64_t{0} : UINT32_MAX; }

} // namespace

clint::clint(const sc_core::sc_module_name& name, unsigned harts, double tick_mhz, std::int64_t access_ps)
    : peripheral(name, SOC_CLINT_BYTES, access_ps, 2 * std::min(harts, max_harts))
    , msip_(std::min(harts, max_harts))
    , compare_(std::min(harts, max_harts), never) {
    const auto refuse = [&](const std::string& what) { throw input_error(std::string(this->name()) + ": " + what); };
    if (harts < 1 || harts > max_harts)
        refuse("1 to " + std::to_string(max_harts) + " harts, not " + std::to_string(harts));
    if (!(tick_mhz >= 1e-6 && tick_mhz <= 1e6))
        refuse("the timer's clock is 1 Hz to 1 THz, not " + std::to_string(tick_mhz) + " MHz");
    tick_hz_ = static_cast<std::uint64_t>(std::llround(tick_mhz * 1e6));
}

std::uint64_t clint::mtime(std::int64_t time_ps) const {
    return static_cast<std::uint64_t>(static_cast<wide>(time_ps) * tick_hz_ / ps_per_s);
}

// First time at which mtime is at least `tick`, -1: beyond the kernel's time.
std::int64_t clint::begin_ps(std::uint64_t tick) const {
    const wide t = (static_cast<wide>(tick) * ps_per_s + tick_hz_ - 1) / tick_hz_;
    return t > static_cast<wide>(std::numeric_limits<std::int64_t>::max()) ? -1 : static_cast<std::int64_t>(t);
}

tlm::tlm_response_status clint::check(std::uint64_t offset, unsigned bytes, bool write) const {
    const bool is_time = offset >= SOC_CLINT_MTIME && offset < SOC_CLINT_MTIME + 8;
    if (offset >= SOC_CLINT_MTIME + 8 || (!is_time && hart_of(offset) >= msip_.size()))
        return tlm::TLM_ADDRESS_ERROR_RESPONSE;
    if (bytes != 4 && (bytes != 8 || is_msip(offset))) return tlm::TLM_BURST_ERROR_RESPONSE;
    if (offset % bytes != 0) return tlm::TLM_ADDRESS_ERROR_RESPONSE;
    return is_time && write ? tlm::TLM_COMMAND_ERROR_RESPONSE : tlm::TLM_OK_RESPONSE;
}

std::uint64_t clint::peek(std::uint64_t offset, unsigned bytes, std::int64_t time_ps) const {
    if (is_msip(offset)) return msip_[hart_of(offset)];
    const auto value = offset >= SOC_CLINT_MTIME ? mtime(time_ps) : compare_[hart_of(offset)];
    return value >> shift_of(offset) & mask_of(bytes);
}

void clint::write(std::uint64_t offset, unsigned bytes, std::uint64_t value, std::int64_t time_ps) {
    const unsigned hart = hart_of(offset);
    if (is_msip(offset)) {
        msip_[hart] = value & 1;
        if (msip_[hart])
            raise(software_line(hart), time_ps);
        else
            lower(software_line(hart));
        return;
    }
    const auto mask = mask_of(bytes) << shift_of(offset);
    compare_[hart] = (compare_[hart] & ~mask) | value << shift_of(offset);
    const auto due_ps = begin_ps(compare_[hart]);
    const bool is_due = due_ps >= 0 && due_ps <= time_ps;
    if (is_due && is_up(timer_line(hart))) return;
    lower(timer_line(hart)); // and what the old value would have brought
    if (due_ps >= 0) raise(timer_line(hart), std::max(due_ps, time_ps));
}

void clint::drive(unsigned l, bool level) {
    if (interrupt_) interrupt_(l / 2, l % 2 ? line::timer : line::software, level);
}

} // namespace cimtlm
