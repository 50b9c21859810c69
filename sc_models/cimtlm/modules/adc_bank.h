#pragma once
/// A bank of analog-to-digital converters on a bus: a target of its own, and a resource that macros share.
#include <cimtlm/base/ledger.h>
#include <cimtlm/base/statistics.h>
#include <cimtlm/modules/adc_bank_model.h>
#include <cimtlm/modules/register_shell.h>

#include <systemc>

#include <cstdint>
#include <string>

namespace cimtlm {

/// Socket `in`. Registers (cim_registers.h, "ADC bank") at `base_address`, then samples and codes, 32 bits signed a
/// column; the registers tell where. Time as register_shell has it. What the guest does wrong is an error code.
///
/// Platforms in C++ ask with convert_at(); they and the host behind the registers contend for the converters.
///
/// Direct memory access: samples always, since a start takes them along; codes while no request of the host runs. A
/// start takes the latter back. Never the registers.
template <unsigned BUSWIDTH = 32> class adc_bank : public register_shell<BUSWIDTH> {
public:
    /// Energy goes to `energy` under the part `name`. `cycle_ps`: of the bus's clock. Throws input_error as
    /// adc_bank_model does.
    adc_bank(const sc_core::sc_module_name& name, adc_bank_parameters parameters, double cycle_ps, ledger& energy,
             std::uint64_t base_address = 0);

    const adc_bank_model& model() const { return model_; }
    /// See adc_bank_model.
    void set_resolution(std::int64_t column, double bits) { model_.set_resolution(column, bits); }
    void set_column_sparsity(std::int64_t column, double column_sparsity) {
        model_.set_column_sparsity(column, column_sparsity);
    }
    std::size_t requester(const std::string& name) { return model_.requester(name); }
    /// Converts `count` columns from `first` on, sampled at `time_ps`, which is not before the kernel's time. Never
    /// waits: the end is in what it returns.
    adc_bank_model::timing convert_at(std::int64_t time_ps, std::int64_t first, std::int64_t count,
                                      std::size_t requester) {
        return model_.convert(time_ps, first, count, requester, this->times().now_ps());
    }

    void report(statistics& s) const;
    std::string waiting_for() const override;

private:
    using region = adc_bank_model::region; // memories are added in this order
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
    bool may_point(std::size_t memory, bool, std::int64_t time_ps) const override {
        return of(memory) == region::samples || !model_.busy(time_ps);
    }
    unsigned char* bytes_of(std::size_t memory, std::int64_t time_ps) override {
        return model_.place(of(memory), time_ps);
    }
    std::uint32_t interrupts(std::int64_t time_ps) const override { return model_.interrupts(time_ps); }
    void clear_interrupts(std::uint32_t bits, std::int64_t time_ps) override { model_.clear_interrupts(bits, time_ps); }
    std::int64_t next_interrupt_ps(std::int64_t time_ps) const override { return model_.next_interrupt_ps(time_ps); }

    adc_bank_model model_;
};

extern template class adc_bank<32>;
extern template class adc_bank<64>;

} // namespace cimtlm
