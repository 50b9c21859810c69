#pragma once
/// The transmitter of a 16550 UART.
#include <platforms/riscv_soc/peripheral.h>

#include <array>
#include <cstdint>
#include <functional>

namespace cimtlm {

/// Registers of one byte, one after another; byte accesses only. What is written to THR goes to a sink at once. With
/// `characters_per_s` the transmitter is busy for a character's time each, with up to 16 more waiting (as many,
/// whatever FCR says): by the time of the access LSR shows THRE once none waits and TEMT once none is under way. A
/// character that finds the FIFO full is lost and counted, as in a 16550. No receiver (RBR reads 0, the line status
/// shows no data) and no interrupts (IIR: none pending). IER, LCR with the divisor latch behind DLAB, MCR and SCR keep
/// what is written; MSR shows a peer that is there, in loopback the modem control lines; then nothing is sent.
class uart : public peripheral {
public:
    static constexpr std::int64_t fifo_characters = 16;

    /// `characters_per_s`: 1 to 1e12 or 0 for no limit. Throws input_error for others.
    uart(const sc_core::sc_module_name& name, std::function<void(char)> sink, std::int64_t access_ps,
         double characters_per_s = 0);

    /// Characters that found the FIFO full.
    std::uint64_t lost() const { return lost_; }

private:
    tlm::tlm_response_status check(std::uint64_t offset, unsigned bytes, bool write) const override;
    std::uint64_t peek(std::uint64_t offset, unsigned bytes, std::int64_t time_ps) const override;
    void write(std::uint64_t offset, unsigned bytes, std::uint64_t value, std::int64_t time_ps) override;
    void send(char c, std::int64_t time_ps);
    unsigned char modem_status() const;

    std::function<void(char)> sink_;
    std::int64_t character_ps_;
    std::int64_t free_ps_ = 0; // when the last character will be out
    std::uint64_t lost_ = 0;
    std::array<unsigned char, 8> kept_{};      // IER, -, FCR, LCR, MCR, -, -, SCR
    std::array<unsigned char, 2> divisor_{{}}; // behind DLAB
};

} // namespace cimtlm
