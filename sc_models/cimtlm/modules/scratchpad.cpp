#include <cimtlm/modules/scratchpad.h>

namespace cimtlm {

template <unsigned BUSWIDTH>
scratchpad<BUSWIDTH>::scratchpad(const sc_core::sc_module_name& name, const memory_level& level, double cycle_ps,
                                 ledger& energy, data_kept data, std::uint64_t base_address)
    : memory_shell<BUSWIDTH>(name, level, cycle_ps, energy, data, base_address)
    , model_(level, cycle_ps) {}

template <unsigned BUSWIDTH>
burst_timing scratchpad<BUSWIDTH>::access(const burst& b, std::int64_t arrival_ps, std::int64_t now_ps) {
    return model_.access(b, arrival_ps, now_ps);
}

template <unsigned BUSWIDTH> void scratchpad<BUSWIDTH>::report_model(statistics& s, const std::string& prefix) const {
    s.add(prefix + "busy_read_ps", static_cast<double>(model_.busy_ps(false)), "ps", "time the read port was taken");
    s.add(prefix + "busy_write_ps", static_cast<double>(model_.busy_ps(true)), "ps", "time the write port was taken");
}

template class scratchpad<32>;
template class scratchpad<64>;

} // namespace cimtlm
