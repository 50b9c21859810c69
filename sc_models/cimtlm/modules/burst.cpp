#include <cimtlm/modules/burst.h>

#include <algorithm>

namespace cimtlm {

void pass_through(std::int64_t own_ps, burst_timing& t) {
    const std::int64_t spread_ps = t.service_ps + t.stretch_ps;
    const std::int64_t first_ps = t.end_ps - spread_ps;
    const std::int64_t both_ps = std::max(own_ps, spread_ps);
    const std::int64_t service_ps = std::max(own_ps, t.service_ps);
    // Pauses of the target that a slower bus spans cost nothing.
    std::int64_t hidden_ps = t.stretch_ps - (both_ps - service_ps);
    for (std::int64_t* lost : {&t.row_ps, &t.refresh_ps, &t.queue_ps}) {
        const std::int64_t part_ps = std::min(hidden_ps, *lost);
        *lost -= part_ps;
        hidden_ps -= part_ps;
    }
    t.service_ps = service_ps;
    t.stretch_ps = both_ps - service_ps;
    t.end_ps = first_ps + both_ps;
}

} // namespace cimtlm
