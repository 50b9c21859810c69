#include <cimtlm/machine/iso_area.h>

#include <cimtlm/base/error.h>

#include <cmath>
#include <cstdio>

namespace cimtlm {

namespace {
memory_level* level_replaced(machine& m) {
    const int i = m.memory_index(m.cim->replaces);
    return i < 0 ? nullptr : &m.memories[static_cast<std::size_t>(i)];
}
} // namespace

std::int64_t cim_units(const machine& m) {
    if (!m.dispatcher) return 1;
    const int i = m.cim ? m.memory_index(m.cim->replaces) : -1;
    if (i >= 0 && m.memories[static_cast<std::size_t>(i)].cache)
        return m.memories[static_cast<std::size_t>(i)].cache->slices /
               (m.cim->place && m.cim->place->slices > 0 ? m.cim->place->slices : 1);
    return m.dispatcher->units;
}

replaced_memory memory_replaced(const machine& m) {
    auto copy = m;
    const auto* level = level_replaced(copy);
    replaced_memory r;
    r.area_um2 = m.cim->place->area_um2;
    r.capacity_bytes = m.cim->place->capacity_bytes;
    r.share = m.cim->place->share;
    if (level && level->cache) {
        const auto units = cim_units(m);
        r.area_um2 = level->area_um2 / static_cast<double>(units);
        r.capacity_bytes = level->capacity_bytes / units;
        r.share = static_cast<double>(level->cache->compute_ways) / static_cast<double>(level->cache->ways);
    } else if (level && r.area_um2 <= 0) {
        r.area_um2 = level->area_um2;
        r.capacity_bytes = level->capacity_bytes;
    }
    r.left_bytes = static_cast<std::int64_t>(std::llround(static_cast<double>(r.capacity_bytes) * (1 - r.share)));
    return r;
}

namespace {
/// Gives as many slices one place as it takes that an array fits there, all of them if none does.
void share_place(machine& m) {
    const auto* level = level_replaced(m);
    if (!level || !level->cache || m.cim->place->slices > 0) return;
    const double array = m.matrix_engine()->area_um2();
    for (std::int64_t slices = 1; slices <= level->cache->slices; ++slices) {
        if (level->cache->slices % slices != 0) continue;
        m.cim->place->slices = slices;
        const auto place = memory_replaced(m);
        if (place.share * place.area_um2 >= array) return;
    }
}
} // namespace

machine equal_area(machine m, const std::string& where) {
    if (!m.cim || !m.cim->place) return m;
    share_place(m);
    const auto replaced = memory_replaced(m);
    const double array = m.matrix_engine()->area_um2();
    if (m.cim->count == 0 && !(array > 0))
        throw input_error(where + ": cim.count is 0 (equal area), but the macro states no area");
    if (m.cim->count == 0 && !(replaced.area_um2 > 0))
        throw input_error(where + ": cim.count is 0 (equal area), but no area is known of '" + m.cim->replaces +
                          "': state cim.place.area_um2, or name a level with area_um2");
    const double fitting = replaced.share * replaced.area_um2 / array;
    if (m.cim->count == 0 && fitting < 1) {
        char text[160];
        std::snprintf(text, sizeof text, "an array takes %.4g um2, the place left for CiM is %.4g um2 of '%.40s'",
                      array, replaced.share * replaced.area_um2, m.cim->replaces.c_str());
        throw input_error(where + ": cim.count is 0 (equal area): " + text);
    }
    if (auto* level = level_replaced(m); level && !level->cache && replaced.left_bytes <= 0)
        throw input_error(where + ": cim.place leaves nothing of '" + m.cim->replaces +
                          "', through which data goes to the arrays: lower cim.place.share, or take the level out of " +
                          "the memories and state cim.place.area_um2");
    if (m.cim->count == 0) m.cim->count = static_cast<std::int64_t>(fitting + 1e-9);
    // What is taken is remembered, so that the reports find it.
    m.cim->place->area_um2 = replaced.area_um2;
    m.cim->place->capacity_bytes = replaced.capacity_bytes;
    if (auto* level = level_replaced(m); level && !level->cache) {
        level->capacity_bytes = replaced.left_bytes;
        level->area_um2 = replaced.area_um2 * (1 - replaced.share);
    }
    return m;
}

} // namespace cimtlm
