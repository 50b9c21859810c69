#pragma once
/// What every target with registers and memories in one window has in common: socket, checks, the memories' port,
/// direct memory access, the interrupt, front-end.
#include <cimtlm/base/calendar.h>
#include <cimtlm/base/statistics.h>
#include <cimtlm/tlm/access_check.h>
#include <cimtlm/tlm/activity.h>
#include <cimtlm/tlm/at_frontend.h>
#include <cimtlm/tlm/register_file.h>
#include <cimtlm/tlm/time_base.h>

#include <systemc>
#include <tlm>
#include <tlm_utils/simple_target_socket.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace cimtlm {

/// Registers at `base_address`, then memories, each from a 4 KiB boundary on. An access lies in one of them, or it is
/// refused with ADDRESS. Registers take a cycle. Memories share a port as wide as the bus: a cycle, waiting for the
/// port and a cycle for each BUSWIDTH bits.
///
/// What there is to know about registers, bytes and interrupts at a time is asked of the derived module, which hands it
/// on to its plain model. Memories are told apart by the order in which they were added.
template <unsigned BUSWIDTH> class register_shell : public sc_core::sc_module, public activity {
public:
    tlm_utils::simple_target_socket<register_shell, BUSWIDTH> in;

    /// Called with the level of the interrupt whenever it changes: raised by a process of the module when it is due,
    /// lowered from within the access that clears or disables it, so that a host ahead of the kernel sees no more of
    /// it.
    void on_interrupt(std::function<void(bool)> callback) { on_interrupt_ = std::move(callback); }
    bool interrupt() const { return line_; }

    /// Bytes of addresses from base_address on.
    std::uint64_t size_bytes() const { return rules_.size_bytes; }
    /// Requests refused with an error response.
    std::uint64_t refused() const { return refused_; }
    void report(statistics& s) const;

protected:
    register_shell(const sc_core::sc_module_name& name, double cycle_ps, std::uint64_t base_address);
    SC_HAS_PROCESS(register_shell);

    const std::string& part() const { return part_; }
    const time_base& times() const { return times_; }
    const at_frontend& frontend() const { return frontend_; }

    /// A memory behind those that are there. `keeps_pointers`: direct access outlives take_back_pointers().
    void add_memory(std::int64_t bytes, bool keeps_pointers);
    std::uint32_t memory_offset(std::size_t memory) const { return static_cast<std::uint32_t>(places_[memory].first); }
    std::uint32_t memory_bytes(std::size_t memory) const { return static_cast<std::uint32_t>(places_[memory].bytes); }

    register_file& registers() { return registers_; }
    /// A register that always reads as `value`.
    void add_constant(std::uint64_t offset, std::uint32_t value);
    /// The status (write 1 to clear) and the enable register; bits outside `all` cannot be enabled.
    void add_interrupt_registers(std::uint64_t status, std::uint64_t enable, std::uint32_t all);
    /// Something about interrupts has changed at `time_ps`.
    void interrupt_changed(std::int64_t time_ps);
    /// Whoever points into the memories has to ask again.
    void take_back_pointers();

    /// Bytes as they are at `time_ps`; the range is inside.
    virtual void read_memory(std::size_t memory, std::int64_t offset, unsigned char* to, std::int64_t count,
                             std::int64_t time_ps) const = 0;
    /// Without cost and conditions.
    virtual void write_memory(std::size_t memory, std::int64_t offset, const unsigned char* from, std::int64_t count,
                              std::int64_t time_ps) = 0;
    /// False, with an error code, when the memory cannot be written at `time_ps`.
    virtual bool may_write(std::size_t memory, std::int64_t time_ps) = 0;
    /// Least time for which a write of `count` bytes holds the port, in ps.
    virtual std::int64_t write_ps(std::size_t, std::int64_t) const { return 0; }
    /// `count` bytes are written; the port is held for it until `end_ps`.
    virtual void written(std::size_t, std::int64_t, std::int64_t) {}
    /// Whether direct access may be had at `time_ps`.
    virtual bool may_point(std::size_t memory, bool write, std::int64_t time_ps) const = 0;
    /// Where the bytes lie, as they are at `time_ps`; they stay there.
    virtual unsigned char* bytes_of(std::size_t memory, std::int64_t time_ps) = 0;
    /// Bits of the interrupt status.
    virtual std::uint32_t interrupts(std::int64_t time_ps) const = 0;
    virtual void clear_interrupts(std::uint32_t bits, std::int64_t time_ps) = 0;
    /// Next time after `time_ps` at which one will be set, -1: none is known.
    virtual std::int64_t next_interrupt_ps(std::int64_t time_ps) const = 0;

private:
    struct place {
        std::uint64_t first, bytes;
        bool keeps_pointers;
    };

    void b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay);
    tlm::tlm_sync_enum nb_transport_fw(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                                       sc_core::sc_time& delay);
    bool get_direct_mem_ptr(tlm::tlm_generic_payload& payload, tlm::tlm_dmi& dmi);
    unsigned transport_dbg(tlm::tlm_generic_payload& payload);
    tlm::tlm_response_status check(const tlm::tlm_generic_payload& payload) const;
    std::size_t find(std::uint64_t offset) const; // places_.size(): not a memory
    std::uint64_t offset(const tlm::tlm_generic_payload& payload) const {
        return payload.get_address() - rules_.base_address;
    }
    void access(std::size_t memory, tlm::tlm_generic_payload& payload, sc_core::sc_time& delay);
    void update_interrupt();

    std::string part_;
    access_rules rules_;
    std::int64_t access_ps_;
    double cycle_ps_;
    register_file registers_;
    std::vector<place> places_;
    calendar port_;
    std::uint32_t enabled_ = 0; // interrupts
    bool line_ = false;
    bool pointers_given_ = false;
    std::uint64_t refused_ = 0;
    std::function<void(bool)> on_interrupt_;
    sc_core::sc_event interrupt_event_;
    time_base times_;
    at_frontend frontend_;
};

extern template class register_shell<32>;
extern template class register_shell<64>;

} // namespace cimtlm
