#pragma once
/// The CiM device of virtual platforms: registers, command ring and a CiM block.
#include <cimtlm/base/ledger.h>
#include <cimtlm/base/statistics.h>
#include <cimtlm/machine/machine.h>
#include <cimtlm/mapping/cost.h>
#include <cimtlm/modules/bus.h>
#include <cimtlm/modules/cim_command.h>
#include <cimtlm/modules/command_mapper.h>
#include <cimtlm/modules/compute_block.h>
#include <cimtlm/modules/data_window.h>
#include <cimtlm/modules/dma.h>
#include <cimtlm/modules/scratchpad.h>
#include <cimtlm/tlm/activity.h>
#include <cimtlm/tlm/initiator_port.h>
#include <cimtlm/tlm/register_window.h>

#include <systemc>

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <iosfwd>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace cimtlm {

/// What of a device there is beside its control window, and where it stands.
struct cim_device_options {
    bool data = true;                  ///< carries data: results are computed; false: timing alone
    bool dma = true;                   ///< reaches system memory
    bool window = true;                ///< its memories can be reached by the host
    std::uint64_t control_address = 0; ///< for hosts that send absolute addresses
    std::uint64_t window_address = 0;  ///< likewise, of the data window
};

/// A CiM block behind registers, for any TLM bus. Sockets: `ctrl()` (registers, driver/cim_registers.h), `window()`
/// (activation memory from 0, weight memory from CIM_WEIGHT_OFFSET; shut while the arrays compute), `dma_out()` (system
/// memory). The interrupt is a callback.
///
/// Commands are fetched ahead and begin in order. Products overlap where none needs what another one writes; other
/// commands wait until all before them are finished.
///
/// Everything happens in local time (local_kernel): a register read by a host that is ahead of the kernel's time tells
/// what is true then. The machine's first memory stands for system memory in the mapping; its timing is that of
/// whatever is bound to `dma_out()`.
template <unsigned BUSWIDTH = 32> class cim_device : public sc_core::sc_module, public activity {
public:
    tlm_utils::simple_target_socket<register_window<BUSWIDTH>, BUSWIDTH>& ctrl() { return registers_.in; }
    /// Throws std::logic_error without options.window.
    tlm_utils::simple_target_socket<data_window<BUSWIDTH>, BUSWIDTH>& window() { return there(window_, "window").in; }
    /// Throws std::logic_error without options.dma.
    tlm_utils::simple_initiator_socket<dma<BUSWIDTH>, BUSWIDTH>& dma_out() { return there(dma_, "dma").out; }

    /// `m`: one unit with CiM; scaled. Throws input_error when it cannot be a device.
    cim_device(const sc_core::sc_module_name& name, const machine& m, const cim_device_options& options = {});
    SC_HAS_PROCESS(cim_device);
    ~cim_device() override;

    /// Called with the level of the interrupt line when it changes: raised in the kernel's time, lowered from within
    /// the access that clears or disables it.
    void on_interrupt(std::function<void(bool level)> callback) { interrupt_ = std::move(callback); }
    /// Nothing is under way: the state can be saved.
    bool idle() const { return !busy(); }
    /// Called when idle() turns true, in local time.
    void on_idle(std::function<void()> callback) { idle_ = std::move(callback); }
    /// Registers, memories and counters, as bytes. Throws std::logic_error unless idle().
    void save(std::ostream& to);
    /// Into a device whose identification registers, but for its sockets, tell the same, while it is idle. Throws
    /// input_error for bytes that are not such a state; then nothing has changed.
    void restore(std::istream& from);

    /// What the device and its memories spent, static power included, since it was made.
    ledger energy() const;
    const machine& target() const { return machine_; }
    void report(statistics& s) const;
    std::string waiting_for() const override;

private:
    struct waiting_command {
        cim_descriptor words;
        std::uint32_t number;
    };
    /// The first error, before all commands before it are finished.
    struct pending_error {
        std::uint32_t code, number;
        std::uint64_t address;
    };
    /// A product that the block has.
    struct active_product {
        std::uint32_t number;
        cim_command command;
        matrix_job job;
        std::shared_ptr<const flat_nest> nest;
        std::unique_ptr<matrix_data> data;
    };
    template <class Part> Part& there(const std::unique_ptr<Part>& part, const char* option) const {
        if (!part) throw std::logic_error(std::string(this->name()) + " was made without options." + option);
        return *part;
    }
    template <class Visit> void visit_state(Visit visit);
    template <class Visit> void visit_memory(Visit visit) const;

    void add_register(std::uint32_t offset, register_file::word w);
    void add_identification();
    void add_control();
    void add_ring();
    void add_counters();

    void control(std::uint32_t value);
    void reset();
    void ring_changed();
    void submit();
    void fail(std::uint32_t code, std::uint32_t number, std::uint64_t address);
    [[noreturn]] void fail_here(std::uint32_t code, std::uint32_t number, std::uint64_t address);
    void stop_when_due();
    bool never_begins(std::uint32_t number) const;
    void forget_work();

    void fetch_commands();
    void execute_commands();
    void execute(const waiting_command& next);
    void load_weights(const waiting_command& next, const cim_command& c);
    void multiply(const waiting_command& next, const cim_command& c);
    void switch_mode(std::uint32_t mode);
    bool waits_for_others(const cim_command& c) const;
    void finished(std::uint32_t number);
    void complete(bool interrupt);
    bool blame(const transfer_request& failed);

    bool accepts() const { return error_code_ == CIM_ERROR_NONE && !pending_; }
    /// Commands in the queue, with the one that is fetched.
    std::size_t waiting() const { return queue_.size() + (fetching_ ? 1 : 0); }
    bool busy() const;
    void update_busy();
    void raise(std::uint32_t cause);
    void update_interrupt();
    void drive_interrupt();
    std::uint32_t status() const;
    std::array<std::uint64_t, 9> counts() const;
    std::uint64_t array_address(std::int64_t array) const;
    unsigned debug(bool write, std::uint64_t address, unsigned char* bytes, std::uint64_t length);
    std::int64_t now_ps() const { return kernel_.now_ps(); }

    /// Addresses inside the device from here on: its memories, as the data window shows them.
    static constexpr std::uint64_t inner_address = cim_operand::local_address;

    machine machine_;
    device_parameters parameters_;
    cim_device_options options_;
    cost_model cost_;
    command_mapper mapper_;
    ledger ledger_;
    compute_block block_;
    local_kernel& kernel_; // of the block
    bus<64> router_;
    std::vector<std::unique_ptr<scratchpad<64>>> staging_;
    std::unique_ptr<scratchpad<64>> activations_;
    scratchpad<64> weights_;
    std::unique_ptr<dma<BUSWIDTH>> dma_;
    std::unique_ptr<data_window<BUSWIDTH>> window_;
    tlm_utils::simple_initiator_socket<cim_device, 64> to_block_; // products run at once: commands are not needed
    tlm_utils::simple_initiator_socket<cim_device, 64> port_socket_;
    initiator_port<64> port_; // of the device itself: descriptors, weights
    register_window<BUSWIDTH> registers_;
    cim_limits limits_;
    std::int64_t array_bytes_;
    std::vector<std::uint32_t> identity_; // what a saved state belongs to
    std::uint32_t weight_offset_;
    ledger::account write_account_;
    time_base times_;

    // Registers.
    cim_descriptor descriptor_{};
    std::uint32_t irq_status_ = 0, irq_enable_ = 0, scratch_ = 0;
    std::uint32_t error_code_ = CIM_ERROR_NONE, error_command_ = 0;
    std::uint64_t error_address_ = 0;
    std::uint32_t completed_ = 0, accepted_ = 0; // commands since reset
    std::uint64_t ring_base_ = 0;
    std::uint32_t ring_entries_ = 0, ring_tail_ = 0, ring_head_ = 0;
    bool enabled_ = false, computes_ = false, resetting_ = false;

    // Work.
    std::deque<waiting_command> queue_;
    std::deque<active_product> products_; // oldest first
    std::optional<pending_error> pending_;
    bool fetching_ = false, executing_ = false;
    local_kernel::event ring_event_, queue_event_, product_event_, never_;
    std::function<void()> idle_;

    // Interrupt line.
    sc_core::sc_event interrupt_event_;
    bool interrupt_wanted_ = false; // in local time
    bool interrupt_line_ = false;   // in the kernel's
    std::function<void(bool)> interrupt_;

    // Counters.
    std::int64_t busy_since_ps_ = -1, busy_ps_ = 0, compute_ps_ = 0, stall_ps_ = 0, loaded_bytes_ = 0;
    std::array<std::uint64_t, 9> earlier_{}; // of the device whose state was restored
    std::array<std::uint64_t, 9> latched_{};
};

extern template class cim_device<32>;
extern template class cim_device<64>;

} // namespace cimtlm
