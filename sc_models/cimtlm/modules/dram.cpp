#include <cimtlm/modules/dram.h>

namespace cimtlm {

template <unsigned BUSWIDTH>
dram<BUSWIDTH>::dram(const sc_core::sc_module_name& name, const memory_level& level, double cycle_ps, ledger& energy,
                     data_kept data, std::uint64_t base_address)
    : memory_shell<BUSWIDTH>(name, level, cycle_ps, energy, data, base_address)
    , model_(level, cycle_ps) {}

template <unsigned BUSWIDTH>
burst_timing dram<BUSWIDTH>::access(const burst& b, std::int64_t arrival_ps, std::int64_t now_ps) {
    return model_.access(b, arrival_ps, now_ps);
}

template <unsigned BUSWIDTH> void dram<BUSWIDTH>::report_model(statistics& s, const std::string& prefix) const {
    const dram_channel::counters c = model_.counts();
    s.add(prefix + "row_hits", static_cast<double>(c.row_hits), "count", "row segments that found their row open");
    s.add(prefix + "row_misses", static_cast<double>(c.row_misses), "count", "row segments that found the bank closed");
    s.add(prefix + "row_conflicts", static_cast<double>(c.row_conflicts), "count",
          "row segments that found another row open");
    s.add(prefix + "turnarounds", static_cast<double>(c.turnarounds), "count", "changes of the data bus's direction");
    s.add(prefix + "refreshes", static_cast<double>(model_.refreshes(clock_.now_ps())), "count",
          "all-bank refreshes begun");
    s.add(prefix + "row_ps", static_cast<double>(this->row_ps()), "ps",
          "time requests lost to activates, precharges and turnarounds");
    s.add(prefix + "refresh_ps", static_cast<double>(this->refresh_ps()), "ps", "time requests lost to refresh");
    if (channel().half_duplex()) {
        s.add(prefix + "busy_ps", static_cast<double>(model_.busy_ps(false)), "ps", "time the data bus moved data");
    } else {
        s.add(prefix + "busy_read_ps", static_cast<double>(model_.busy_ps(false)), "ps",
              "time the read data bus moved data");
        s.add(prefix + "busy_write_ps", static_cast<double>(model_.busy_ps(true)), "ps",
              "time the write data bus moved data");
    }
}

template class dram<32>;
template class dram<64>;

} // namespace cimtlm
