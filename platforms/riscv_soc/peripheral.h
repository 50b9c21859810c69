#pragma once
/// What the peripherals of the SoC have in common: socket, checks, interrupt lines in the kernel's time, front-end.
#include <cimtlm/tlm/access_check.h>
#include <cimtlm/tlm/at_frontend.h>
#include <cimtlm/tlm/time_base.h>

#include <systemc>
#include <tlm>
#include <tlm_utils/simple_target_socket.h>

#include <cstdint>
#include <vector>

namespace cimtlm {

/// A target whose every access is one register of 1, 2, 4 or 8 bytes, little endian, at an address relative to the
/// window's base. b_transport does not wait and adds `access_ps`. The time of an access is that of its arrival:
/// sc_time_stamp() + delay as it came, so that hosts ahead of the kernel see their own time. Refused: what
/// check_access refuses, byte enables included; then another number of bytes than the register has (BURST), what is
/// not aligned or not there (ADDRESS), what is not readable or not writable (COMMAND). A debug read sees what a read
/// would and changes nothing, a debug write is taken and changes nothing. No direct memory access.
class peripheral : public sc_core::sc_module {
public:
    tlm_utils::simple_target_socket<peripheral, 64> in;
    SC_HAS_PROCESS(peripheral);

protected:
    /// `lines`: interrupt lines, all low.
    peripheral(const sc_core::sc_module_name& name, std::uint64_t size_bytes, std::int64_t access_ps,
               unsigned lines = 0);

    /// Whether `bytes` at `offset`, which lie in the window, are one register that may be read or written.
    virtual tlm::tlm_response_status check(std::uint64_t offset, unsigned bytes, bool write) const = 0;
    /// The value at `time_ps`, without the side effects of reading.
    virtual std::uint64_t peek(std::uint64_t offset, unsigned bytes, std::int64_t time_ps) const = 0;
    /// Reads with side effects.
    virtual std::uint64_t read(std::uint64_t offset, unsigned bytes, std::int64_t time_ps) {
        return peek(offset, bytes, time_ps);
    }
    virtual void write(std::uint64_t offset, unsigned bytes, std::uint64_t value, std::int64_t time_ps) = 0;
    /// Interrupt line `line` has changed.
    virtual void drive(unsigned /*line*/, bool /*level*/) {}

    /// The line is to be up from `time_ps` on: a process raises it when the kernel's time has come, in the next delta
    /// cycle if it has. An earlier call with an earlier time holds.
    void raise(unsigned line, std::int64_t time_ps);
    /// It goes down at once, if it is up, and what was to come is forgotten.
    void lower(unsigned line);
    bool is_up(unsigned line) const { return lines_[line].up; }
    /// When the line will be raised, -1: it is up already or nothing is known.
    std::int64_t due_ps(unsigned line) const { return lines_[line].due_ps; }
    const time_base& times() const { return times_; }

private:
    struct line_state {
        bool up = false;
        std::int64_t due_ps = -1;
    };

    void b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay);
    tlm::tlm_sync_enum nb_transport_fw(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                                       sc_core::sc_time& delay);
    bool get_direct_mem_ptr(tlm::tlm_generic_payload& payload, tlm::tlm_dmi& dmi);
    unsigned transport_dbg(tlm::tlm_generic_payload& payload);
    tlm::tlm_response_status check(const tlm::tlm_generic_payload& payload) const;
    void raise_due();
    void schedule();

    access_rules rules_;
    std::int64_t access_ps_;
    std::vector<line_state> lines_;
    sc_core::sc_event wake_;
    time_base times_;
    at_frontend frontend_;
};

} // namespace cimtlm
