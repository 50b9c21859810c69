#include <cimtlm/base/stalls.h>

#include <algorithm>
#include <stdexcept>

namespace cimtlm {

const char* to_string(stall s) {
    switch (s) {
    case stall::weight_load:
        return "weight_load";
    case stall::input_wait:
        return "input_wait";
    case stall::output_wait:
        return "output_wait";
    case stall::port_conflict:
        return "port_conflict";
    case stall::dram_row:
        return "dram_row";
    case stall::refresh:
        return "refresh";
    case stall::host_issue:
        return "host_issue";
    case stall::mode_switch:
        return "mode_switch";
    case stall::imbalance:
        return "imbalance";
    case stall::reduction:
        return "reduction";
    case stall::drain:
        return "drain";
    }
    return "";
}

namespace {
// value x part / whole without overflow of the product.
std::int64_t share(std::int64_t value, std::int64_t part, std::int64_t whole) {
    return part != 0 && whole > 0
               ? static_cast<std::int64_t>(static_cast<long double>(value) * static_cast<long double>(part) /
                                           static_cast<long double>(whole))
               : 0;
}
} // namespace

std::int64_t stall_account::total_ps() const {
    std::int64_t total = 0;
    for (auto ps : ps_) total += ps;
    return total;
}

void stall_account::add(stall cause, std::int64_t ps, const lost_time& lost) {
    const auto queue = share(ps, lost.queue_ps, lost.total_ps);
    const auto row = share(ps, lost.row_ps, lost.total_ps);
    const auto refresh = share(ps, lost.refresh_ps, lost.total_ps);
    add(stall::port_conflict, queue);
    add(stall::dram_row, row);
    add(stall::refresh, refresh);
    add(cause, ps - queue - row - refresh);
}

stall_account& stall_account::operator+=(const stall_account& o) {
    for (std::size_t i = 0; i < stall_count; ++i) ps_[i] += o.ps_[i];
    return *this;
}

stall_account stall_account::beyond(std::int64_t inherent_ps, stall longer) const {
    if (inherent_ps > total_ps()) throw std::logic_error("stalls: a run was faster than its bound");
    stall_account rest = *this;
    if (inherent_ps < 0) {
        rest.add(longer, -inherent_ps);
        return rest;
    }
    const std::array<stall, 3> operands{stall::weight_load, stall::input_wait, stall::output_wait};
    std::int64_t waits = 0;
    for (auto s : operands) waits += (*this)[s];
    auto left = inherent_ps;
    const auto from_operands = std::min(left, waits);
    for (auto s : operands) {
        const auto part = share(from_operands, (*this)[s], waits);
        rest.add(s, -part);
        left -= part;
    }
    for (auto s :
         {stall::weight_load, stall::input_wait, stall::output_wait, stall::port_conflict, stall::dram_row,
          stall::refresh, stall::drain, stall::reduction, stall::imbalance, stall::mode_switch, stall::host_issue}) {
        const auto part = std::min(left, rest[s]);
        rest.add(s, -part);
        left -= part;
    }
    return rest;
}

} // namespace cimtlm
