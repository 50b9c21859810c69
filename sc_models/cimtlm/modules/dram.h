#pragma once
/// A DRAM on the interconnect.
#include <cimtlm/modules/dram_model.h>
#include <cimtlm/modules/memory_shell.h>

namespace cimtlm {

/// Socket `in`. Part and statistics are called `name`. See dram_model and dram_channel for the time.
template <unsigned BUSWIDTH = 64> class dram : public memory_shell<BUSWIDTH> {
public:
    /// Throws as memory_shell does, and input_error for parameters that make no sense.
    dram(const sc_core::sc_module_name& name, const memory_level& level, double cycle_ps, ledger& energy,
         data_kept data = data_kept::none, std::uint64_t base_address = 0);
    const dram_model& model() const { return model_; }
    /// The first channel.
    const dram_channel& channel() const { return model_.channels().front(); }

private:
    burst_timing access(const burst& b, std::int64_t arrival_ps, std::int64_t now_ps) override;
    void report_model(statistics& s, const std::string& prefix) const override;
    std::int64_t access_latency_ps() const override { return channel().latency_ps(); }

    dram_model model_;
    time_base clock_;
};

extern template class dram<32>;
extern template class dram<64>;

} // namespace cimtlm
