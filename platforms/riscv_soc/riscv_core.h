#pragma once
/// An RV64IMAC core: Unicorn executes the instructions, this module gives them time and a place on the bus.
#include <platforms/riscv_soc/code_position.h>
#include <platforms/riscv_soc/semihosting.h>
#include <platforms/riscv_soc/soc_parameters.h>

#include <cimtlm/base/ledger.h>
#include <cimtlm/base/statistics.h>
#include <cimtlm/tlm/activity.h>
#include <cimtlm/tlm/time_base.h>

#include <systemc>
#include <tlm>
#include <tlm_utils/simple_initiator_socket.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

struct uc_struct;

namespace cimtlm {

/// Executes in machine mode from `entry` with its number in a0 (the library cannot set mhartid, which reads 0). RAM is
/// mapped into the core by direct memory access; every other address is a transaction at `mem`, of 1, 2 or 4 bytes (the
/// library makes two of 8). Such an access must be aligned. An atomic operation on a device is a load and a store,
/// between which others may come; a store-conditional succeeds when its word holds what was loaded.
///
/// Time: an instruction takes cycles_per_instruction, an access to the bus what the bus says on top. The core runs
/// ahead of the kernel by up to a quantum, and no further than its timer interrupt is known to come. Instructions are
/// counted by blocks of straight code; within a block the time of an access is that of its instruction. The counters
/// cycle and instret (mcycle, minstret) read as the core's cycles and instructions before the read; time is not there.
///
/// Interrupts stand in the supervisor bits of mip (software 1, timer 5, external 9), which are all that the library
/// lets be raised; a machine-mode guest that enables both bits of a pair serves them as it does machine ones.
/// Exceptions go to mtvec. A guest that does what hardware would not survive (an access without a target, an exception
/// without a handler) ends: on_end() is told why.
class riscv_core : public sc_core::sc_module, public activity {
public:
    enum class line { software, timer, external };

    tlm_utils::simple_initiator_socket<riscv_core, 64> mem;

    /// `host` serves EBREAK calls of all cores; energy goes to `energy` under `name`.
    riscv_core(const sc_core::sc_module_name& name, const soc_core_parameters& parameters, unsigned hart,
               std::uint64_t entry, std::uint64_t ram_address, std::uint64_t ram_bytes, semihosting& host,
               ledger& energy);
    SC_HAS_PROCESS(riscv_core);
    ~riscv_core() override;

    void set_interrupt(line which, bool level);
    /// When the core's timer interrupt is known to come, -1: not known. Asked before it runs ahead.
    void timer_horizon(std::function<std::int64_t()> next_ps) { horizon_ = std::move(next_ps); }
    /// Called once: the guest has made its exit call (message "") or a mistake, in words, the place excepted.
    void on_end(std::function<void(riscv_core& who, const std::string& mistake)> callback) {
        end_ = std::move(callback);
    }

    std::uint64_t instructions() const { return executed_; }
    /// Address of the next instruction or, after a mistake, of the one at fault.
    std::uint64_t pc() const;
    bool sleeps() const { return sleeping_; }
    void report(statistics& s) const;
    /// Brings the energy of what was executed into the ledger.
    void charge();
    std::string waiting_for() const override;

private:
    struct calls; // from the library

    void run();
    void map_ram();
    void sleep();
    bool is_in_machine_mode();
    void serve_exception();
    bool is_host_call(std::uint64_t pc) const;
    void call_host(std::uint64_t pc);
    void trap(std::uint64_t cause, std::uint64_t value);
    void end(const std::string& mistake, std::uint64_t pc);
    /// Time of the core when it has executed so many instructions.
    std::int64_t local_ps(std::uint64_t executed) const;
    /// How many instructions bring it to the end of the quantum or to its timer interrupt.
    std::uint64_t furthest() const;
    /// Waits for an interrupt that rises at this very time.
    void settle();
    void synchronise(std::uint64_t executed);
    std::uint64_t access(bool write, std::uint64_t address, unsigned bytes, std::uint64_t value);
    void end_access(bool write, std::uint64_t address, unsigned bytes, const std::string& why);
    std::uint32_t instruction_at(std::uint64_t pc) const;
    /// What the library leaves to do behind the block under way: counters, which it does not know, and FENCE.I, behind
    /// which it goes on with code that it has translated.
    void finish_block();
    /// The block under way is left before the instruction at `pc`; those from there on do not count.
    void leave_block(std::uint64_t pc);
    void forget_code();
    bool in_ram(std::uint64_t address, std::uint64_t bytes) const;
    const unsigned char* ram_at(std::uint64_t address) const { return ram_ + (address - ram_address_); }
    std::uint64_t get(int reg) const;
    void set(int reg, std::uint64_t value);

    soc_core_parameters parameters_;
    unsigned hart_;
    std::uint64_t entry_, ram_address_, ram_bytes_;
    semihosting& host_;
    ledger& ledger_;
    ledger::account account_;
    double instruction_ps_;
    std::function<std::int64_t()> horizon_;
    std::function<void(riscv_core&, const std::string&)> end_;

    uc_struct* engine_ = nullptr;
    unsigned char* ram_ = nullptr;
    code_table known_code_;
    code_position position_;         // in the block under way
    std::uint64_t before_block_ = 0; // executed_ at its begin
    std::uint64_t executed_ = 0;     // instructions, those of the block under way included
    std::uint64_t limit_ = 0;        // from where on no block begins
    std::int64_t other_ps_ = 0;      // time beside that of instructions
    std::uint64_t charged_ = 0;      // instructions whose energy stands in the ledger
    std::uint64_t end_pc_ = 0;
    int exception_ = -1;
    std::uint64_t status_ = 0; // mstatus at that
    bool inside_ = false;      // the library executes
    bool stopped_ = false, invalid_ = false, code_changed_ = false, sleeping_ = false, ended_ = false;
    sc_core::sc_event interrupt_event_;
    tlm::tlm_generic_payload payload_;
    time_base times_;

    std::uint64_t accesses_ = 0;
    std::int64_t access_ps_ = 0, sleep_ps_ = 0;
};

} // namespace cimtlm
