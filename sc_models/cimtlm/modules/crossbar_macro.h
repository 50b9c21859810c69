#pragma once
/// One CiM macro on a bus: a target of its own.
#include <cimtlm/base/ledger.h>
#include <cimtlm/base/statistics.h>
#include <cimtlm/macro/published_macro.h>
#include <cimtlm/modules/crossbar_macro_model.h>
#include <cimtlm/modules/register_shell.h>

#include <systemc>

#include <cstdint>
#include <memory>
#include <string>

namespace cimtlm {

/// Socket `in`. Registers (cim_registers.h, "Bare macro") at `base_address`, then weights, inputs and outputs; the
/// registers tell where. Time as register_shell has it; a write of weights holds the port for as long as the array
/// takes. What the guest does wrong is an error code.
///
/// Direct memory access: inputs always, since a start takes them along. Outputs while no product runs; weights then,
/// too, but for reading only: a pointer would pay neither time nor energy of a write. A start takes both back. Never
/// the registers.
template <unsigned BUSWIDTH = 32> class crossbar_macro : public register_shell<BUSWIDTH> {
public:
    /// Energy goes to `energy` under the part `name`. `basis`: the reading of the engine's MAC energy. Throws
    /// input_error as crossbar_macro_model does.
    crossbar_macro(const sc_core::sc_module_name& name, std::shared_ptr<const engine> e, double cycle_ps,
                   ledger& energy, std::uint64_t base_address = 0, energy_basis basis = energy_basis::operation);
    /// A macro of a paper.
    crossbar_macro(const sc_core::sc_module_name& name, const published_macro_parameters& parameters, double cycle_ps,
                   ledger& energy, std::uint64_t base_address = 0, energy_basis basis = energy_basis::operation);

    const crossbar_macro_model& model() const { return model_; }
    void report(statistics& s) const;
    std::string waiting_for() const override;

private:
    using region = crossbar_macro_model::region; // memories are added in this order
    static region of(std::size_t memory) { return static_cast<region>(memory); }

    void add_registers();
    void read_memory(std::size_t memory, std::int64_t offset, unsigned char* to, std::int64_t count,
                     std::int64_t time_ps) const override {
        model_.read(of(memory), offset, to, count, time_ps);
    }
    void write_memory(std::size_t memory, std::int64_t offset, const unsigned char* from, std::int64_t count,
                      std::int64_t time_ps) override {
        model_.write(of(memory), offset, from, count, time_ps);
    }
    bool may_write(std::size_t memory, std::int64_t time_ps) override { return model_.may_write(of(memory), time_ps); }
    std::int64_t write_ps(std::size_t memory, std::int64_t count) const override {
        return of(memory) == region::weights ? model_.write_ps(count) : 0;
    }
    void written(std::size_t memory, std::int64_t count, std::int64_t end_ps) override {
        if (of(memory) == region::weights) model_.account_write(count, end_ps);
    }
    bool may_point(std::size_t memory, bool write, std::int64_t time_ps) const override {
        if (of(memory) == region::inputs) return true;
        return !model_.busy(time_ps) && !(write && of(memory) == region::weights);
    }
    unsigned char* bytes_of(std::size_t memory, std::int64_t time_ps) override {
        return model_.place(of(memory), time_ps);
    }
    std::uint32_t interrupts(std::int64_t time_ps) const override { return model_.interrupts(time_ps); }
    void clear_interrupts(std::uint32_t bits, std::int64_t time_ps) override { model_.clear_interrupts(bits, time_ps); }
    std::int64_t next_interrupt_ps(std::int64_t time_ps) const override { return model_.next_interrupt_ps(time_ps); }

    crossbar_macro_model model_;
};

extern template class crossbar_macro<32>;
extern template class crossbar_macro<64>;

} // namespace cimtlm
