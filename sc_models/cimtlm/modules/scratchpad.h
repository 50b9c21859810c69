#pragma once
/// An SRAM scratchpad on the interconnect.
#include <cimtlm/modules/memory_shell.h>
#include <cimtlm/modules/scratchpad_model.h>

namespace cimtlm {

/// Socket `in`. Part and statistics are called `name`. See scratchpad_model for the time.
template <unsigned BUSWIDTH = 64> class scratchpad : public memory_shell<BUSWIDTH> {
public:
    /// Throws as memory_shell does, and input_error for rates that make no sense.
    scratchpad(const sc_core::sc_module_name& name, const memory_level& level, double cycle_ps, ledger& energy,
               data_kept data = data_kept::none, std::uint64_t base_address = 0);
    const scratchpad_model& model() const { return model_; }

private:
    burst_timing access(const burst& b, std::int64_t arrival_ps, std::int64_t now_ps) override;
    void report_model(statistics& s, const std::string& prefix) const override;
    std::int64_t access_latency_ps() const override { return model_.latency_ps(); }

    scratchpad_model model_;
};

extern template class scratchpad<32>;
extern template class scratchpad<64>;

} // namespace cimtlm
