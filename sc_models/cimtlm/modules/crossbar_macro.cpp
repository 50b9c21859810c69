#include <cimtlm/modules/crossbar_macro.h>

#include <cim_registers.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace cimtlm {

namespace {

static_assert(CIM_MACRO_WINDOW_BYTES == 4096, "where register_shell puts the first memory");

std::uint32_t register_value(std::int64_t value) {
    return static_cast<std::uint32_t>(std::min<std::int64_t>(value, std::numeric_limits<std::uint32_t>::max()));
}

} // namespace

template <unsigned BUSWIDTH>
crossbar_macro<BUSWIDTH>::crossbar_macro(const sc_core::sc_module_name& name, std::shared_ptr<const engine> e,
                                         double cycle_ps, ledger& energy, std::uint64_t base_address,
                                         energy_basis basis)
    : register_shell<BUSWIDTH>(name, cycle_ps, base_address)
    , model_(std::move(e), cycle_ps, this->part(), energy, basis) {
    for (const auto r : {region::weights, region::inputs, region::outputs})
        this->add_memory(model_.size_bytes(r), r == region::inputs);
    add_registers();
}

template <unsigned BUSWIDTH>
crossbar_macro<BUSWIDTH>::crossbar_macro(const sc_core::sc_module_name& name,
                                         const published_macro_parameters& parameters, double cycle_ps, ledger& energy,
                                         std::uint64_t base_address, energy_basis basis)
    : crossbar_macro(name, std::make_shared<published_macro>(parameters), cycle_ps, energy, base_address, basis) {}

template <unsigned BUSWIDTH> void crossbar_macro<BUSWIDTH>::add_registers() {
    const auto constant = [this](std::uint64_t offset, std::uint32_t value) { this->add_constant(offset, value); };
    const auto& e = model_.matrix_engine();
    const auto g = e.geometry();
    constant(CIM_MACRO_ID, CIM_MACRO_ID_VALUE);
    constant(CIM_MACRO_VERSION, CIM_MACRO_VERSION_VALUE);
    constant(CIM_MACRO_CAPABILITIES, (e.ping_pong() ? CIM_MACRO_CAPABILITY_PING_PONG : 0u) |
                                         (e.volatile_weights() ? CIM_MACRO_CAPABILITY_VOLATILE : 0u));
    constant(CIM_MACRO_ROWS, register_value(model_.max_rows()));
    constant(CIM_MACRO_ROWS_PARALLEL, register_value(g.rows_parallel));
    constant(CIM_MACRO_BITS, static_cast<std::uint32_t>(g.input_bits | g.weight_bits << 8));
    constant(CIM_MACRO_STEP_PS, register_value(static_cast<std::int64_t>(std::ceil(std::min(e.step_ps(), 1e10)))));
    constant(CIM_MACRO_WEIGHT_STRIDE, register_value(model_.weight_stride_bytes()));
    constexpr std::uint64_t where[] = {CIM_MACRO_WEIGHT_OFFSET, CIM_MACRO_INPUT_OFFSET, CIM_MACRO_OUTPUT_OFFSET};
    constexpr std::uint64_t how_much[] = {CIM_MACRO_WEIGHT_BYTES, CIM_MACRO_INPUT_BYTES, CIM_MACRO_OUTPUT_BYTES};
    for (std::size_t i = 0; i < std::size(where); ++i) {
        constant(where[i], this->memory_offset(i));
        constant(how_much[i], this->memory_bytes(i));
    }
    auto& registers = this->registers();
    registers.add(CIM_MACRO_COLUMNS, {[this](std::int64_t) { return register_value(model_.max_columns()); }, {}});
    registers.add(CIM_MACRO_COLUMNS_PARALLEL,
                  {[this](std::int64_t) { return register_value(model_.columns_parallel()); }, {}});

    registers.add(CIM_MACRO_CONTROL, {[](std::int64_t) { return 0u; },
                                      [this](std::uint32_t value, std::int64_t time_ps) {
                                          const auto before_ps = model_.end_ps();
                                          model_.control(value, time_ps);
                                          if (model_.end_ps() != before_ps) this->take_back_pointers();
                                          this->interrupt_changed(time_ps);
                                      }});
    registers.add(CIM_MACRO_STATUS, {[this](std::int64_t time_ps) { return model_.status(time_ps); }, {}});
    registers.add(CIM_MACRO_ERROR_CODE, {[this](std::int64_t) { return model_.error(); },
                                         [this](std::uint32_t, std::int64_t) { model_.clear_error(); }});
    this->add_interrupt_registers(CIM_MACRO_IRQ_STATUS, CIM_MACRO_IRQ_ENABLE, CIM_MACRO_IRQ_ALL);
    registers.add(CIM_MACRO_PRECISION, {[this](std::int64_t) { return model_.precision(); },
                                        [this](std::uint32_t value, std::int64_t) { model_.set_precision(value); }});
    registers.add(CIM_MACRO_ROWS_USED, {[this](std::int64_t) { return model_.rows_used(); },
                                        [this](std::uint32_t value, std::int64_t) { model_.set_rows_used(value); }});
    registers.add(CIM_MACRO_COLUMNS_USED,
                  {[this](std::int64_t) { return model_.columns_used(); },
                   [this](std::uint32_t value, std::int64_t) { model_.set_columns_used(value); }});
    registers.add(CIM_MACRO_COMPLETED, {[this](std::int64_t time_ps) { return model_.completed(time_ps); }, {}});
    registers.add_scratch(CIM_MACRO_SCRATCH);
}

template <unsigned BUSWIDTH> std::string crossbar_macro<BUSWIDTH>::waiting_for() const {
    if (model_.busy(this->times().now_ps()))
        return "the end of a product at " + std::to_string(model_.end_ps()) + " ps";
    return this->frontend().waiting_for();
}

template <unsigned BUSWIDTH> void crossbar_macro<BUSWIDTH>::report(statistics& s) const {
    model_.report(s, this->part() + ".");
    register_shell<BUSWIDTH>::report(s);
}

template class crossbar_macro<32>;
template class crossbar_macro<64>;

} // namespace cimtlm
