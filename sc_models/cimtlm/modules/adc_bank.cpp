#include <cimtlm/modules/adc_bank.h>

#include <cim_registers.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace cimtlm {

static_assert(CIM_ADC_WINDOW_BYTES == 4096, "where register_shell puts the first memory");

template <unsigned BUSWIDTH>
adc_bank<BUSWIDTH>::adc_bank(const sc_core::sc_module_name& name, adc_bank_parameters parameters, double cycle_ps,
                             ledger& energy, std::uint64_t base_address)
    : register_shell<BUSWIDTH>(name, cycle_ps, base_address)
    , model_(std::move(parameters), this->part(), energy) {
    for (const auto r : {region::samples, region::codes}) this->add_memory(model_.size_bytes(), r == region::samples);
    add_registers();
}

template <unsigned BUSWIDTH> void adc_bank<BUSWIDTH>::add_registers() {
    const auto constant = [this](std::uint64_t offset, std::int64_t value) {
        constexpr std::int64_t most = std::numeric_limits<std::uint32_t>::max();
        this->add_constant(offset, static_cast<std::uint32_t>(std::min(value, most)));
    };
    constant(CIM_ADC_ID, CIM_ADC_ID_VALUE);
    constant(CIM_ADC_VERSION, CIM_ADC_VERSION_VALUE);
    constant(CIM_ADC_CAPABILITIES, model_.parameters().is_signed ? CIM_ADC_CAPABILITY_SIGNED : 0u);
    constant(CIM_ADC_CONVERTERS, model_.converters());
    constant(CIM_ADC_COLUMNS, model_.columns());
    constant(CIM_ADC_BITS, static_cast<std::int64_t>(std::ceil(model_.converter().bits())));
    constant(CIM_ADC_CONVERSION_PS, model_.conversion_ps(0)); // no column has been given fewer bits yet
    constant(CIM_ADC_SAMPLE_OFFSET, this->memory_offset(0));
    constant(CIM_ADC_SAMPLE_BYTES, this->memory_bytes(0));
    constant(CIM_ADC_CODE_OFFSET, this->memory_offset(1));
    constant(CIM_ADC_CODE_BYTES, this->memory_bytes(1));

    auto& registers = this->registers();
    registers.add(CIM_ADC_CONTROL, {[](std::int64_t) { return 0u; },
                                    [this](std::uint32_t value, std::int64_t time_ps) {
                                        if (model_.control(value, time_ps, this->times().now_ps()))
                                            this->take_back_pointers();
                                        this->interrupt_changed(time_ps);
                                    }});
    registers.add(CIM_ADC_STATUS, {[this](std::int64_t time_ps) { return model_.status(time_ps); }, {}});
    registers.add(CIM_ADC_ERROR_CODE, {[this](std::int64_t) { return model_.error(); },
                                       [this](std::uint32_t, std::int64_t) { model_.clear_error(); }});
    this->add_interrupt_registers(CIM_ADC_IRQ_STATUS, CIM_ADC_IRQ_ENABLE, CIM_ADC_IRQ_ALL);
    registers.add(CIM_ADC_FIRST, {[this](std::int64_t) { return model_.first(); },
                                  [this](std::uint32_t value, std::int64_t) { model_.set_first(value); }});
    registers.add(CIM_ADC_COUNT, {[this](std::int64_t) { return model_.count(); },
                                  [this](std::uint32_t value, std::int64_t) { model_.set_count(value); }});
    registers.add(CIM_ADC_COMPLETED, {[this](std::int64_t time_ps) { return model_.completed(time_ps); }, {}});
    registers.add_scratch(CIM_ADC_SCRATCH);
}

template <unsigned BUSWIDTH> std::string adc_bank<BUSWIDTH>::waiting_for() const {
    if (model_.busy(this->times().now_ps()))
        return "the end of conversions at " + std::to_string(model_.end_ps()) + " ps";
    return this->frontend().waiting_for();
}

template <unsigned BUSWIDTH> void adc_bank<BUSWIDTH>::report(statistics& s) const {
    model_.report(s, this->part() + ".");
    register_shell<BUSWIDTH>::report(s);
}

template class adc_bank<32>;
template class adc_bank<64>;

} // namespace cimtlm
