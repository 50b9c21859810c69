#include <cimtlm/modules/cache_model.h>

#include <cimtlm/base/error.h>
#include <cimtlm/base/rate.h>
#include <cimtlm/modules/burst_joiner.h>

#include <cmath>
#include <cstring>

namespace cimtlm {

namespace {

/// Longest burst to the memory behind.
constexpr std::int64_t most_bytes = 1 << 20;

bool power_of_two(std::int64_t n) { return n > 0 && (n & (n - 1)) == 0; }

unsigned shift_of(std::int64_t power) {
    unsigned shift = 0;
    while ((std::int64_t{1} << shift) < power) ++shift;
    return shift;
}

/// Calls visit(first line, lines) for each run of set bits.
template <class Visit> void for_runs(std::uint64_t lines, Visit visit) {
    while (lines != 0) {
        const auto first = static_cast<unsigned>(__builtin_ctzll(lines));
        const std::uint64_t gaps = ~(lines >> first);
        const unsigned count = gaps == 0 ? 64 : static_cast<unsigned>(__builtin_ctzll(gaps));
        visit(first, count);
        lines &= ~line_mask(first, count);
    }
}

} // namespace

cache_model::cache_model(const memory_level& level, double cycle_ps, bool data)
    : cycle_ps_(cycle_ps)
    , keeps_data_(data)
    , name_(level.name) {
    const std::string where = name_ + ": ";
    if (!(cycle_ps > 0)) throw input_error(where + "the cycle must be longer than 0 ps");
    if (!level.cache) throw input_error(where + "a cache needs its parameters under 'cache'");
    const cache_parameters& p = *level.cache;
    const std::int64_t region_bytes = p.region_bytes ? p.region_bytes : p.line_bytes;
    if (p.partitions < 1 || p.slices < p.partitions || p.slices % p.partitions != 0)
        throw input_error(where + "cache.slices must be a multiple of cache.partitions, both above 0");
    if (p.line_bytes < 8 || !power_of_two(p.line_bytes) || !power_of_two(region_bytes))
        throw input_error(where + "cache.line_bytes and cache.region_bytes must be powers of two from 8 on");
    if (region_bytes < p.line_bytes || region_bytes > 64 * p.line_bytes)
        throw input_error(where + "cache.region_bytes must be 1 to 64 lines");
    if (p.ways < 1 || p.compute_ways < 0 || p.compute_ways >= p.ways)
        throw input_error(where + "cache.compute_ways must leave at least one of cache.ways to cache");
    const std::int64_t unit = p.partitions * p.ways * region_bytes;
    if (level.capacity_bytes < unit || level.capacity_bytes % unit != 0)
        throw input_error(where + "capacity_bytes must be a multiple of partitions x ways x region_bytes (" +
                          std::to_string(unit) + ")");
    if (level.read_bytes_per_cycle < 0 || level.write_bytes_per_cycle < 0)
        throw input_error(where + "read/write_bytes_per_cycle is negative");
    if (level.latency_cycles < 0 || p.far_latency_cycles < 0) throw input_error(where + "a latency is negative");
    const double rates[] = {level.read_bytes_per_cycle, level.write_bytes_per_cycle};
    for (int write = 0; write < 2; ++write) {
        rate_[write] = rates[write] / static_cast<double>(p.partitions);
        slice_rate_[write] = rates[write] / static_cast<double>(p.slices);
    }
    latency_ps_[0] = std::llround(level.latency_cycles * cycle_ps);
    latency_ps_[1] = p.far_latency_cycles > 0 ? std::llround(p.far_latency_cycles * cycle_ps) : latency_ps_[0];
    ways_ = p.ways;
    usable_ = p.ways - p.compute_ways;
    sets_ = level.capacity_bytes / unit;
    line_shift_ = shift_of(p.line_bytes);
    region_shift_ = shift_of(region_bytes);
    const auto slots = static_cast<std::size_t>(level.capacity_bytes / region_bytes);
    slots_.resize(slots);
    hints_.resize(std::size_t{2} << shift_of(static_cast<std::int64_t>(slots)));
    by_partitions_ = divider(static_cast<std::uint64_t>(p.partitions));
    by_sets_ = divider(static_cast<std::uint64_t>(sets_));
    by_slots_a_partition_ = divider(static_cast<std::uint64_t>(sets_ * ways_));
    if (data) data_.resize(slots);
    ports_.resize(static_cast<std::size_t>(p.partitions));
    shares_.resize(ports_.size());
}

cache_model::place cache_model::place_of(std::uint64_t region) const {
    // Of each group of as many regions as partitions, every partition holds one, in an order that turns; sets of later
    // rounds are shifted. So strides that are powers of two, as rows of matrices are, spread over both.
    const std::uint64_t group = by_partitions_.quotient(region), position = region - group * by_partitions_.by();
    const std::uint64_t turn = group ^ (group >> 2) ^ (group >> 5) ^ (group >> 11);
    const std::uint64_t round = by_sets_.quotient(group);
    return {static_cast<std::int64_t>(by_partitions_.remainder(position + turn)),
            static_cast<std::int64_t>(by_sets_.remainder(group - round * by_sets_.by() + round))};
}

cache_model::place cache_model::locate(std::uint64_t address) const { return place_of(address >> region_shift_); }

cache_model::search cache_model::search_set(std::uint64_t region, std::size_t first) const {
    search found{no_slot, first};
    std::uint64_t oldest = slots_[first].used;
    for (std::size_t i = first; i < first + static_cast<std::size_t>(usable_); ++i) {
        const slot& s = slots_[i];
        if (s.region == region) found.at = i;
        const bool older = s.used < oldest; // empty ones have never been used
        oldest = older ? s.used : oldest;
        found.oldest = older ? i : found.oldest;
    }
    return found;
}

std::size_t cache_model::find(std::uint64_t region) const {
    const std::size_t probable = hints_[region & (hints_.size() - 1)];
    if (slots_[probable].region == region) return probable;
    return search_set(region, first_slot(place_of(region))).at;
}

void cache_model::begin(const burst& b, int operand, std::int64_t port, std::int64_t arrival_ps, std::int64_t now_ps,
                        bool enabled_only) {
    pass_ = {};
    pass_.b = b;
    pass_.operand = operand;
    pass_.enabled_only = enabled_only;
    pass_.port = port;
    pass_.arrival_ps = arrival_ps;
    walk_ = step_begin_ = region_walk(b, region_shift_, line_shift_);
    std::fill(shares_.begin(), shares_.end(), share{});
    for (auto& port_calendars : ports_)
        for (calendar& c : port_calendars) c.forget_before(now_ps);
}

void cache_model::clear_traffic() {
    traffic_.fetches.clear();
    traffic_.write_backs.clear();
    traffic_.write_back_operands.clear();
    traffic_.data.clear();
}

inline void cache_model::touch(slot& s, std::uint64_t lines) {
    const std::uint64_t tick = ++tick_ * operands;
    if (pass_.b.write) {
        s.dirty |= lines;
        s.used = tick + static_cast<std::uint64_t>(pass_.operand);
    } else {
        s.used = tick + s.used % operands;
    }
}

/// Looks up a part that is where the hint says, with all its lines; false for all others.
inline bool cache_model::hit(const region_walk::part& part) {
    const std::size_t at = hint(part.region);
    slot& s = slots_[at];
    if (s.region != part.region || (part.touched & ~s.valid) != 0) return false;
    touch(s, part.touched);
    counts_.hit_bytes[static_cast<std::size_t>(pass_.operand)] += static_cast<std::uint64_t>(part.bytes);
    shares_[by_slots_a_partition_.quotient(at)].present += part.bytes;
    return true;
}

bool cache_model::look_up() {
    clear_traffic();
    if (walk_.done()) return false;
    step_begin_ = walk_;
    step_tick_ = tick_ + 1;
    burst_joiner fetches(traffic_.fetches, false, most_bytes);
    region_walk here = walk_; // in registers
    while (!here.done()) {
        region_walk after = here;
        const region_walk::part part = after.next();
        if (!hit(part) && !look_up(here, part, fetches)) break;
        here = after;
    }
    walk_ = here;
    fetches.cut();
    order_write_backs();
    return true;
}

/// False when the part cannot be in the cache beside what this step has already touched.
bool cache_model::look_up(region_walk from, const region_walk::part& part, burst_joiner& fetches) {
    const place where = place_of(part.region);
    share& own = shares_[static_cast<std::size_t>(where.partition)];
    const search found = search_set(part.region, first_slot(where));
    std::size_t at = found.at;
    if (at == no_slot) {
        at = found.oldest;
        const bool taken = slots_[at].region != no_region;
        if (taken && slots_[at].tick() >= step_tick_) return false;
        if (leaves_now(part.region)) return false; // it must be written back before it is fetched again
        if (taken) {
            ++counts_.evictions;
            own.leaving += leave(at);
        }
        slots_[at] = {};
        slots_[at].region = part.region;
        slots_[at].used = operands - 1;
        if (keeps_data_ && !data_[at]) data_[at] = std::make_unique<unsigned char[]>(std::size_t{1} << region_shift_);
    }
    hint(part.region) = static_cast<std::uint32_t>(at);
    slot& s = slots_[at];
    const bool write = pass_.b.write;
    const std::uint64_t missing = part.touched & ~s.valid;
    std::int64_t missing_bytes = missing == 0 ? 0 : part.bytes;
    if (missing != 0 && missing != part.touched) {
        missing_bytes = 0;
        from.next([&](std::uint64_t address, std::uint64_t n) { missing_bytes += bytes_within(address, n, missing); });
    }
    counts_.miss_bytes[static_cast<std::size_t>(pass_.operand)] += static_cast<std::uint64_t>(missing_bytes);
    counts_.hit_bytes[static_cast<std::size_t>(pass_.operand)] +=
        static_cast<std::uint64_t>(part.bytes - missing_bytes);
    const std::uint64_t wanted = !write || pass_.enabled_only ? missing : missing & ~part.whole;
    for_runs(wanted, [&](unsigned line, unsigned lines) {
        const std::int64_t bytes = static_cast<std::int64_t>(lines) << line_shift_;
        fetches.add((part.region << region_shift_) + (std::uint64_t{line} << line_shift_), bytes);
        own.fetched += bytes;
        counts_.fetched_bytes[static_cast<std::size_t>(pass_.operand)] += static_cast<std::uint64_t>(bytes);
    });
    if (missing != 0) pass_.latency_ps = std::max(pass_.latency_ps, latency_ps_[where.partition != pass_.port]);
    own.present += write ? part.bytes : part.bytes - missing_bytes;
    own.missing += write ? 0 : missing_bytes;
    s.valid |= part.touched;
    touch(s, part.touched);
    return true;
}

/// Bytes of [address, address + n) in `lines` of its region.
std::int64_t cache_model::bytes_within(std::uint64_t address, std::uint64_t n, std::uint64_t lines) const {
    const std::uint64_t line = line_bytes(), mask = (std::uint64_t{1} << region_shift_) - 1;
    std::int64_t sum = 0;
    for (std::uint64_t done = 0; done < n;) {
        const std::uint64_t offset = (address + done) & mask;
        const std::uint64_t step = std::min(n - done, line - offset % line);
        if (lines >> (offset >> line_shift_) & 1) sum += static_cast<std::int64_t>(step);
        done += step;
    }
    return sum;
}

bool cache_model::leaves_now(std::uint64_t region) const {
    if (region < leaving_from_ || region > leaving_to_) return false;
    return std::any_of(leaving_.begin(), leaving_.end(),
                       [&](const run& r) { return r.address >> region_shift_ == region; });
}

/// Takes a region out; its dirty lines go to the list of what leaves. Returns their bytes.
std::int64_t cache_model::leave(std::size_t at) {
    const slot& s = slots_[at];
    const std::uint64_t region = s.region;
    std::int64_t sum = 0;
    for_runs(s.dirty, [&](unsigned line, unsigned lines) {
        const std::uint64_t offset = std::uint64_t{line} << line_shift_;
        const auto bytes = static_cast<std::size_t>(lines) << line_shift_;
        leaving_.push_back(
            {(region << region_shift_) + offset, static_cast<std::int64_t>(bytes), s.operand(), leaving_data_.size()});
        if (keeps_data_) {
            const unsigned char* data = data_[at].get() + offset;
            leaving_data_.insert(leaving_data_.end(), data, data + bytes);
        }
        sum += static_cast<std::int64_t>(bytes);
    });
    if (sum > 0) {
        leaving_from_ = std::min(leaving_from_, region);
        leaving_to_ = std::max(leaving_to_, region);
        counts_.written_back_bytes[static_cast<std::size_t>(s.operand())] += static_cast<std::uint64_t>(sum);
    }
    slots_[at] = {};
    return sum;
}

void cache_model::order_write_backs() {
    if (leaving_.empty()) return;
    std::sort(leaving_.begin(), leaving_.end(), [](const run& a, const run& b) { return a.address < b.address; });
    burst_joiner joined(traffic_.write_backs, true, most_bytes);
    const auto end_of_operand = [&](int operand) {
        joined.cut();
        traffic_.write_back_operands.resize(traffic_.write_backs.size(), operand);
    };
    int operand = leaving_.front().operand;
    for (const run& r : leaving_) {
        if (r.operand != operand) end_of_operand(operand);
        operand = r.operand;
        joined.add(r.address, r.bytes);
        if (!keeps_data_) continue;
        const auto from = leaving_data_.begin() + static_cast<std::ptrdiff_t>(r.data);
        traffic_.data.insert(traffic_.data.end(), from, from + r.bytes);
    }
    end_of_operand(operand);
    leaving_.clear();
    leaving_data_.clear();
    leaving_from_ = no_region;
    leaving_to_ = 0;
}

void cache_model::set_compute_ways(std::int64_t ways) {
    if (ways < 0 || ways >= ways_)
        throw input_error(name_ + ": " + std::to_string(ways) + " compute ways of " + std::to_string(ways_) +
                          ": at least one must cache");
    pass_ = {};
    walk_ = step_begin_ = {};
    clear_traffic();
    for (std::size_t set = 0; set < slots_.size(); set += static_cast<std::size_t>(ways_))
        for (std::int64_t way = ways_ - ways; way < usable_; ++way) {
            const std::size_t at = set + static_cast<std::size_t>(way);
            if (slots_[at].region != no_region) leave(at);
        }
    usable_ = ways_ - ways;
    order_write_backs();
}

std::int64_t cache_model::capacity_bytes() const {
    return (static_cast<std::int64_t>(slots_.size()) / ways_ * usable_) << region_shift_;
}

std::int64_t cache_model::dirty_bytes() const {
    std::int64_t lines = 0;
    for (const slot& s : slots_)
        for (std::uint64_t rest = s.dirty; rest != 0; rest &= rest - 1) ++lines;
    return lines << line_shift_;
}

void cache_model::discard(const burst& lines) {
    for (region_walk walk(lines, region_shift_, line_shift_); !walk.done();) {
        const region_walk::part part = walk.next();
        const std::size_t at = find(part.region);
        if (at == no_slot) continue;
        slots_[at].valid &= ~part.touched;
        slots_[at].dirty &= ~part.touched;
    }
}

} // namespace cimtlm
