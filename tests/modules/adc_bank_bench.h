#pragma once
/// Banks of converters with round numbers: at the reference point everything that a conversion takes is known.
#include <cimtlm/modules/adc_bank.h>

#include <cim_registers.h>

#include "register_host.h"

namespace adc_bench {

using namespace cimtlm;

constexpr double cycle_ps = 1000;

/// A decision takes 100 ps and 0.003 pJ, an LSB of the DAC 0.0001 pJ: 8 bits of a SAR take 800 ps and 0.0496 pJ.
inline circuit_constants round_circuits() {
    circuit_constants k;
    k.energy_exponent = k.delay_exponent = 1;
    k.threshold_v = 0.37;
    k.velocity_exponent = 1.3;
    k.leakage_doubling_k = 12;
    k.comparator_energy_pj = 0.003;
    k.comparator_ps = 100;
    k.converter_dac_energy_pj = 0.0001;
    k.converter_leakage_nw = 2;
    k.comparator_area_um2 = 50;
    k.converter_dac_area_um2 = 1;
    return k;
}

/// `count` SAR converters of 8 bits for `columns` columns at 28 nm, 0.8 V, 25 C.
inline adc_bank_parameters sar_bank(std::int64_t columns, std::int64_t count) {
    adc_bank_parameters p;
    p.adc.kind = adc_kind::sar;
    p.adc.bits = 8;
    p.adc.count = count;
    p.columns = columns;
    p.lsb_units = 2;
    p.circuits = round_circuits();
    p.point.technology = {28, 0.8, flavour::lp};
    return p;
}

/// A bank and its host.
template <unsigned W = 32> struct bench : testkit::register_host<W> {
    ledger energy;
    adc_bank<W> bank;

    explicit bench(const adc_bank_parameters& p = sar_bank(12, 4), std::uint64_t base_address = 0,
                   const sc_core::sc_module_name& name = "alone")
        : testkit::register_host<W>(name, base_address)
        , bank("bank", p, cycle_ps, energy, base_address) {
        this->connect(bank);
    }

    std::uint64_t samples() { return this->peek(CIM_ADC_SAMPLE_OFFSET); }
    std::uint64_t codes() { return this->peek(CIM_ADC_CODE_OFFSET); }
    void start(std::uint32_t first, std::uint32_t count) {
        this->set(CIM_ADC_FIRST, first);
        this->set(CIM_ADC_COUNT, count);
        this->set(CIM_ADC_CONTROL, CIM_ADC_CONTROL_START);
    }
    /// Lets the host's time pass until its conversions have ended.
    void await() { testkit::register_host<W>::await(bank.model().end_ps()); }
    bool busy() { return (this->get(CIM_ADC_STATUS) & CIM_ADC_STATUS_BUSY) != 0; }
};

} // namespace adc_bench
