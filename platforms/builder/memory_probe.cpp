#include <platforms/builder/memory_probe.h>

#include <cimtlm/base/error.h>
#include <cimtlm/machine/unit_group.h>

#include <algorithm>
#include <stdexcept>

namespace cimtlm {

namespace {

constexpr unsigned shared_path = 0, staging_path = 1;

unsigned units_of(const machine& m) { return m.dispatcher ? static_cast<unsigned>(unit_groups(m).front().units) : 1; }

const memory_level* staging_of(const machine& m) {
    const std::size_t i = m.shared_memories();
    return i < m.memories.size() && m.memories[i].kind == memory_kind::sram ? &m.memories[i] : nullptr;
}

const memory_level* cache_of(const machine& m) {
    return m.shared_memories() > 1 ? &m.memories[m.shared_memories() - 1] : nullptr;
}

} // namespace

memory_probe::memory_probe(const machine& m, std::function<void()> on_slice)
    : unit_name_(m.dispatcher ? unit_groups(m).front().unit : "unit")
    , dram_name_(m.memories.front().name)
    , cache_name_(cache_of(m) ? cache_of(m)->name : "")
    , staging_name_(staging_of(m) ? staging_of(m)->name : "")
    , line_bytes_(cache_of(m) ? static_cast<std::uint64_t>(cache_of(m)->cache->line_bytes) : 128)
    , staging_bytes_(staging_of(m) ? static_cast<std::uint64_t>(staging_of(m)->capacity_bytes) : 0)
    , cache_bytes_(0)
    , on_slice_(std::move(on_slice))
    , memory_(m, energy_, units_of(m)) {
    if (memory_.shared_cache())
        cache_bytes_ = static_cast<std::uint64_t>(memory_.shared_cache()->model().capacity_bytes());
    for (unsigned i = 0; i < units_of(m); ++i) {
        const std::string number = std::to_string(i);
        probes_.emplace_back(("probe_" + number).c_str(), staging_of(m) ? 2 : 1, static_cast<int>(i));
        memory_.bind(i, probes_.back().mem[shared_path]);
        if (!staging_of(m)) continue;
        staging_.emplace_back((staging_name_ + "_" + number).c_str(), *staging_of(m), m.cycle_ps(), energy_);
        probes_.back().mem[staging_path].bind(staging_.back().in);
    }
}

std::vector<std::uint64_t> memory_probe::working_sets() const {
    const std::uint64_t last = std::max({4 * cache_bytes_, 4 * staging_bytes_, std::uint64_t{1} << 20});
    std::vector<std::uint64_t> sets;
    for (std::uint64_t bytes = block_bytes; bytes < 2 * last; bytes *= 2)
        if (bytes <= std::min(memory_.memory_bytes(), most_bytes)) sets.push_back(bytes);
    return sets;
}

void memory_probe::check(std::uint64_t bytes) const {
    const std::uint64_t most = std::min(memory_.memory_bytes(), most_bytes);
    if (bytes < line_bytes_ || bytes > most)
        throw input_error("a working set of " + std::to_string(bytes) +
                          " bytes; allowed: " + std::to_string(line_bytes_) + " to " + std::to_string(most));
}

void memory_probe::finish() {
    const sc_core::sc_time slice(100, sc_core::SC_US);
    const auto busy = [](const access_probe& p) { return p.busy(); };
    while (std::any_of(probes_.begin(), probes_.end(), busy)) {
        sc_core::sc_start(slice);
        if (on_slice_) on_slice_();
        if (!sc_core::sc_pending_activity() && std::any_of(probes_.begin(), probes_.end(), busy))
            throw std::logic_error("memory_probe: nothing moves any more");
    }
}

memory_probe::counts memory_probe::cache_counts() const {
    counts sum;
    if (!memory_.shared_cache()) return sum;
    const cache_model::counters& c = memory_.shared_cache()->model().counts();
    for (std::size_t o = 0; o < operand_tags; ++o) {
        sum.hit_bytes += c.hit_bytes[o];
        sum.miss_bytes += c.miss_bytes[o];
    }
    return sum;
}

memory_figure memory_probe::figure(std::uint64_t bytes, unsigned units, const counts& before) const {
    memory_figure f;
    f.working_set_bytes = bytes;
    f.units = units;
    f.measured = probes_.front().measured();
    for (unsigned i = 1; i < units; ++i) {
        const access_probe::figures& one = probes_[i].measured();
        f.measured.requests += one.requests;
        f.measured.bytes += one.bytes;
        f.measured.begin_ps = std::min(f.measured.begin_ps, one.begin_ps);
        f.measured.end_ps = std::max(f.measured.end_ps, one.end_ps);
        f.measured.delay_ps += one.delay_ps;
        f.measured.shortest_ps = std::min(f.measured.shortest_ps, one.shortest_ps);
        f.measured.longest_ps = std::max(f.measured.longest_ps, one.longest_ps);
    }
    if (staged(bytes)) {
        f.level = staging_name_;
        return f;
    }
    const counts now = cache_counts();
    const auto hits = static_cast<double>(now.hit_bytes - before.hit_bytes);
    const auto all = hits + static_cast<double>(now.miss_bytes - before.miss_bytes);
    const double share = all > 0 ? hits / all : 0;
    f.level = share >= 0.5 ? cache_name_ : dram_name_;
    f.share = share >= 0.5 ? share : 1 - share;
    return f;
}

memory_figure memory_probe::latency(std::uint64_t bytes, unsigned unit) {
    check(bytes);
    constexpr std::uint64_t measured = 8192;
    access_probe& p = probes_.at(unit);
    const unsigned path = staged(bytes) ? staging_path : shared_path;
    pointer_chase chase(bytes, line_bytes_);
    if (!staged(bytes) && bytes <= cache_bytes_) {
        stream_share all;
        all.working_set_bytes = bytes;
        all.count = (bytes + block_bytes - 1) / block_bytes;
        stream(all, 1);
    } else if (!staged(bytes) && cache_bytes_ > 0) {
        p.start(chase.next(std::min(bytes, cache_bytes_) / line_bytes_), path);
        finish();
    }
    const counts before = cache_counts();
    p.start(chase.next(measured), path);
    finish();
    memory_figure f = figure(bytes, 1, before);
    f.measured = p.measured();
    return f;
}

/// The units' shares of a stream of s.count blocks each.
void memory_probe::stream(const stream_share& s, unsigned units) {
    for (unsigned i = 0; i < units; ++i) {
        stream_share own = s;
        if (!staged(s.working_set_bytes)) {
            own.sharer = i;
            own.sharers = units;
        }
        probes_[i].start(own.source(), staged(s.working_set_bytes) ? staging_path : shared_path,
                         in_flight_bytes / block_bytes);
    }
    finish();
}

memory_figure memory_probe::bandwidth(std::uint64_t bytes, unsigned units, bool write) {
    check(bytes);
    if (units < 1 || units > probes_.size()) throw std::logic_error("memory_probe: no such number of units");
    stream_share s;
    s.working_set_bytes = bytes;
    s.write = write;
    const std::uint64_t blocks = (bytes + block_bytes - 1) / block_bytes;
    const std::uint64_t round = staged(bytes) ? blocks : (blocks + units - 1) / units;
    if (!staged(bytes)) {
        s.count = round;
        stream(s, units);
    }
    const counts before = cache_counts();
    s.count = std::max<std::uint64_t>(round, (std::uint64_t{1} << 20) / block_bytes);
    stream(s, units);
    return figure(bytes, units, before);
}

} // namespace cimtlm
