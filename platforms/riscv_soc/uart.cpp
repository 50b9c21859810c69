#include <platforms/riscv_soc/uart.h>

#include <cimtlm/base/error.h>
#include <platforms/riscv_soc/firmware/soc_map.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

namespace cimtlm {

namespace {

// Offsets; where two registers share one, as read and as written.
enum : unsigned { rbr_thr, ier, iir_fcr, lcr, mcr, lsr, msr, scr, registers };
constexpr unsigned divisor_latch = 0x80, loopback = 0x10; // in LCR, in MCR

// Bits of a register that keep what is written.
constexpr unsigned char kept_bits[registers] = {0, 0x0f, 0xff, 0xff, 0x1f, 0, 0, 0xff};

} // namespace

uart::uart(const sc_core::sc_module_name& name, std::function<void(char)> sink, std::int64_t access_ps,
           double characters_per_s)
    : peripheral(name, SOC_UART_BYTES, access_ps)
    , sink_(std::move(sink)) {
    if (characters_per_s != 0 && !(characters_per_s >= 1 && characters_per_s <= 1e12))
        throw input_error(std::string(this->name()) + ": 1 to 1e12 characters a second or 0 for no limit, not " +
                          std::to_string(characters_per_s));
    character_ps_ = characters_per_s > 0 ? std::llround(1e12 / characters_per_s) : 0;
}

tlm::tlm_response_status uart::check(std::uint64_t offset, unsigned bytes, bool) const {
    if (offset >= registers) return tlm::TLM_ADDRESS_ERROR_RESPONSE;
    return bytes == 1 ? tlm::TLM_OK_RESPONSE : tlm::TLM_BURST_ERROR_RESPONSE;
}

std::uint64_t uart::peek(std::uint64_t offset, unsigned, std::int64_t time_ps) const {
    const bool latch = kept_[lcr] & divisor_latch;
    switch (offset) {
    case rbr_thr:
        return latch ? divisor_[0] : 0;
    case ier:
        return latch ? divisor_[1] : kept_[ier];
    case iir_fcr:
        return kept_[iir_fcr] & 1 ? 0xc1 : 0x01; // FIFOs on; no interrupt pending
    case lsr:
        return (free_ps_ - time_ps <= character_ps_ ? 0x20 : 0) | (free_ps_ <= time_ps ? 0x40 : 0);
    case msr:
        return modem_status();
    default:
        return kept_[offset];
    }
}

void uart::write(std::uint64_t offset, unsigned, std::uint64_t value, std::int64_t time_ps) {
    const auto byte = static_cast<unsigned char>(value);
    if (offset <= ier && (kept_[lcr] & divisor_latch))
        divisor_[offset] = byte;
    else if (offset == rbr_thr)
        send(static_cast<char>(byte), time_ps);
    else
        kept_[offset] = byte & kept_bits[offset];
}

void uart::send(char c, std::int64_t time_ps) {
    if (kept_[mcr] & loopback) return;
    // One under way, as many waiting as fit.
    if (free_ps_ - time_ps > fifo_characters * character_ps_) {
        ++lost_;
        return;
    }
    free_ps_ = std::max(free_ps_, time_ps) + character_ps_;
    if (sink_) sink_(c);
}

// Carrier, data set and clear to send; in loopback OUT2, OUT1, DTR and RTS come back.
unsigned char uart::modem_status() const {
    const unsigned m = kept_[mcr];
    if (!(m & loopback)) return 0xb0;
    return static_cast<unsigned char>((m & 0x0c) << 4 | (m & 0x02) << 3 | (m & 0x01) << 5);
}

} // namespace cimtlm
