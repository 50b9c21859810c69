#include <cimtlm/mapping/group_cost.h>

#include <cimtlm/mapping/nest_point.h>
#include <cimtlm/mapping/tile.h>

#include <algorithm>
#include <cmath>

namespace cimtlm {

namespace {

/// Times of blocks on one resource, with how many take so long: at most one entry a shape.
using block_times = boost::container::small_vector<std::pair<double, std::int64_t>, 8>;

/// What the busiest of `units` has at least when blocks of these times are handed out in any order.
double busiest_ps(block_times& blocks, std::int64_t units) {
    if (blocks.size() == 1) return blocks[0].first * static_cast<double>((blocks[0].second + units - 1) / units);
    std::sort(blocks.begin(), blocks.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
    // Of the longest k x units + 1 blocks one unit has k + 1, at best the shortest of them.
    const auto shortest_of = [&](std::size_t last, std::int64_t from_last, std::int64_t count) {
        double sum = 0;
        for (auto i = last + 1; i-- > 0 && count > 0; from_last = i > 0 ? blocks[i - 1].second : 0) {
            const auto n = std::min(count, from_last);
            sum += blocks[i].first * static_cast<double>(n);
            count -= n;
        }
        return sum;
    };
    double sum = 0, least = 0;
    std::int64_t before = 0;
    for (std::size_t i = 0; i < blocks.size(); ++i) {
        const auto [time_ps, n] = blocks[i];
        sum += time_ps * static_cast<double>(n);
        // The first and the last k that end in this class.
        const auto first = (before + units - 1) / units, last = (before + n - 1) / units;
        for (auto k : {first, last})
            if (first <= last) least = std::max(least, shortest_of(i, k * units + 1 - before, k + 1));
        before += n;
    }
    return std::max(least, sum / static_cast<double>(units));
}

access_bytes over_tensors(const std::array<access_bytes, 3>& of) {
    access_bytes all;
    for (const auto& a : of) {
        all.read += a.read;
        all.update += a.update;
        all.fill += a.fill;
    }
    return all;
}

void add(access_counts& to, const access_counts& c, std::int64_t times, std::size_t first) {
    for (std::size_t i = 0; i < c.memories.size(); ++i)
        for (std::size_t t = 0; t < 3; ++t) {
            to.memories[first + i][t].read += c.memories[i][t].read * times;
            to.memories[first + i][t].update += c.memories[i][t].update * times;
            to.memories[first + i][t].fill += c.memories[i][t].fill * times;
        }
    to.steps += c.steps * times;
    to.macs += c.macs * times;
    to.executed_macs += c.executed_macs * times;
    to.weight_write_bytes += c.weight_write_bytes * times;
    to.weight_fetch_bytes += c.weight_fetch_bytes * times;
    to.merged_partial_sums += c.merged_partial_sums * times;
    to.bank_additions += c.bank_additions * times;
    to.tiles += c.tiles * times;
}

/// Ports of a shared memory that moves these bytes, in ps.
template <class Visit> void shared_ports(const machine& m, std::size_t memory, const access_bytes& bytes, Visit visit) {
    const auto& level = m.memories[memory];
    const auto time = [&](std::int64_t amount, double rate) {
        return rate > 0 ? static_cast<double>(amount) * m.cycle_ps() / rate : 0;
    };
    const double read_ps = time(bytes.read, level.read_bytes_per_cycle);
    const double write_ps = time(bytes.update + bytes.fill, level.write_bytes_per_cycle);
    if (level.dram && level.dram->half_duplex) {
        visit(level.name, "", read_ps + write_ps);
    } else {
        visit(level.name, ".read", read_ps);
        visit(level.name, ".write", write_ps);
    }
}

/// All engines side by side, and nothing that must be there before the one tile but weights.
flat_nest nest_of_all(const machine& unit) {
    auto shape = nest_slots(unit, operand_bits());
    loop_nest nest(shape.size());
    if (unit.cim) nest.add(0, dim::M, 2); // inputs may stream while the arrays compute
    for (std::size_t s = 0; s < shape.size(); ++s)
        if (shape[s].role == slot_role::spatial) nest.add(s, dim::M, shape[s].fanout);
    return flat_nest(nest, unit, std::move(shape));
}

} // namespace

group_cost::group_cost(const machine& whole, const unit_group& group)
    : whole_(whole)
    , group_(group)
    , unit_(group.unit_machine, convention::like_for_like, group.engine)
    , lanes_(group.unit_machine.engine_count())
    , widest_(nest_of_all(group.unit_machine)) {}

double group_cost::path_ps() const {
    const auto& shared = whole_.memories[group_.first_shared];
    return (2 * whole_.bus.latency_cycles + shared.latency_cycles) * whole_.cycle_ps();
}

template <class Each>
blocked_counts group_cost::sum(const block_grid& grid, const blocked_work& work, Each each) const {
    const auto& g = work.product;
    blocked_counts c;
    c.sum.memories.resize(group_.first_shared + group_.unit_machine.memories.size());
    if (c.sum.memories.size() < whole_.memories.size()) c.sum.memories.resize(whole_.memories.size());
    const auto splits = grid.along(dim::K, g);
    for (const auto& k : grid.classes(g)) {
        c.classes.push_back({block_product(g, k.extent, splits > 1), k.count * g.batch, {}});
        auto& of = c.classes.back();
        of.each = each(of.product);
        add(c.sum, of.each, of.count, group_.first_shared);
    }
    c.blocks = grid.blocks(g) * g.batch;
    const auto results = g.m * g.n * g.batch;
    c.epilogue_operations = work.epilogue_operations * static_cast<double>(results);
    if (splits > 1) {
        c.reduction_read_bytes = bytes_of(results, g.bits.partial) * splits;
        c.reduction_write_bytes = bytes_of(results, g.bits.z);
        c.reduction_additions = results * (splits - 1);
        auto& z = c.sum.memories[group_.first_shared][index(tensor::Z)];
        z.read += c.reduction_read_bytes;
        z.update += c.reduction_write_bytes;
    }
    if (work.epilogue_read_bytes > 0)
        c.sum.memories[group_.first_shared][index(tensor::Z)].read +=
            std::llround(work.epilogue_read_bytes * static_cast<double>(results));
    if (group_.first_shared > 0) {
        auto& outer = c.sum.memories[0];
        outer[index(tensor::B)].read += work.outer_read_bytes; // mostly weights
        outer[index(tensor::Z)].update += work.outer_write_bytes;
    }
    return c;
}

blocked_counts group_cost::count(const block_grid& grid, const flat_nest& nest, const blocked_work& work) const {
    return sum(grid, work,
               [&](const gemm& block) { return count_accesses(nest, block, group_.unit_machine, work.resident); });
}

cost_model::figures group_cost::least(const block_grid& grid, const blocked_work& work) const {
    const auto geometry = unit_.matrix_engine().geometry();
    const auto columns = group_.unit_machine.cim
                             ? std::max<std::int64_t>(1, geometry.columns_parallel /
                                                             unit_.matrix_engine().weight_slices(work.product.bits.b))
                             : geometry.columns_parallel;
    const auto counts = sum(grid, work, [&](const gemm& block) {
        access_counts c;
        c.memories.resize(group_.unit_machine.memories.size());
        auto& outer = c.memories[0];
        outer[index(tensor::A)].read = bytes_of(block.m * block.k, block.bits.a);
        outer[index(tensor::Z)].update = bytes_of(block.m * block.n, block.bits.z);
        if (!group_.unit_machine.cim || !work.resident) {
            outer[index(tensor::B)].read = bytes_of(block.n * block.k, block.bits.b);
            c.weight_write_bytes = outer[index(tensor::B)].read;
        }
        c.macs = c.executed_macs = block.macs_each();
        c.steps = divide_up(block.m * divide_up(block.n, columns) * divide_up(block.k, geometry.rows_parallel), lanes_);
        c.tiles = 1;
        return c;
    });
    return evaluate(grid, widest_, work, counts);
}

template <class Keep>
double group_cost::visit_resources(const block_grid& grid, const flat_nest& nest, const blocked_work& work,
                                   const blocked_counts& counts, Keep keep) const {
    using namespace std::string_view_literals;
    const auto& g = work.product;
    const bool split = grid.splits_k(g);
    const double path = path_ps(), cycle = whole_.cycle_ps(), lane_ps = cycle / whole_.vector_unit.operations_per_cycle;
    const auto& ports = whole_.bus.ports;
    const double read_rate = ports ? ports->read_bytes_per_cycle : whole_.bus.bytes_per_cycle;
    const double write_rate = ports ? ports->write_bytes_per_cycle : whole_.bus.bytes_per_cycle;
    const auto time = [&](double bytes, double rate) { return rate > 0 ? bytes * cycle / rate : 0; };
    boost::container::small_vector<block_times, 16> of; // by resource
    resource_times times;
    block_times lanes, ways;
    const auto begin = tile_sequence::inner_begin(nest, group_.unit_machine);
    bool waits = false;
    for (const auto& k : counts.classes) {
        unit_.resources(nest, k.product, k.each, times);
        const auto results = static_cast<double>(k.product.m * k.product.n);
        const auto fetches = fetches_before_tiles(nest, begin, k.product, work.resident);
        of.resize(times.size());
        for (std::size_t i = 0; i < times.size(); ++i) {
            auto& t = times[i];
            if (t.name == "compute"sv) t.time_ps += path * static_cast<double>(fetches.awaited);
            if (t.name == "bus"sv && t.port == ".read"sv && !split)
                t.time_ps += time(results * work.epilogue_read_bytes, read_rate);
            if (t.name == "bus"sv && t.port == ".write"sv)
                t.time_ps = time(static_cast<double>(over_tensors(k.each.memories[0]).update), write_rate);
            of[i].push_back({t.time_ps, k.count});
        }
        waits = waits || fetches.awaited > 0;
        ways.push_back({path * static_cast<double>(fetches.ahead) / 2, k.count});
        if (!split) lanes.push_back({results * work.epilogue_operations * lane_ps, k.count});
    }
    // What units do comes before the last reduction, of at least the smallest block; what is shared may be part of it.
    double reduction = 0;
    if (split) {
        auto least = g.m * g.n;
        for (const auto& k : counts.classes) least = std::min(least, k.product.m * k.product.n);
        const auto splits = grid.along(dim::K, g);
        reduction = 2 * path + std::max(time(static_cast<double>(bytes_of(least, g.bits.partial) * splits), read_rate),
                                        static_cast<double>(least * (splits - 1)) * lane_ps);
    }
    const auto keep_unit = [&](std::string_view name, std::string_view port, double time_ps) {
        keep(name, port, time_ps > 0 ? time_ps + reduction : 0);
    };
    // The first way of a unit comes on top of everything.
    const auto units = group_.units;
    for (std::size_t i = 0; i < times.size(); ++i)
        keep_unit(times[i].name, times[i].port,
                  busiest_ps(of[i], units) - (waits && times[i].name == "compute"sv ? path : 0));
    keep_unit("way"sv, ""sv, std::max(0.0, busiest_ps(ways, units) - path));
    // Where K is split, the lanes of all units work on each result once, in the reduction.
    const double reductions = (counts.epilogue_operations + static_cast<double>(counts.reduction_additions)) * lane_ps /
                              static_cast<double>(whole_.dispatcher->units);
    keep("vector_unit"sv, ""sv, split ? reductions : busiest_ps(lanes, units));
    auto shared = counts.sum.memories[group_.first_shared];
    if (whole_.bus.multicast) { // at best one response for all
        auto& a = shared[index(tensor::A)].read;
        auto& b = shared[index(tensor::B)].read;
        const auto distinct = g.a_distinct > 0 ? g.a_distinct : g.m * g.k;
        a = std::min(a, bytes_of(distinct * g.batch, g.bits.a));
        b = std::min(b, bytes_of(g.n * g.k * g.batch, g.bits.b));
    }
    shared_ports(whole_, group_.first_shared, over_tensors(shared), keep);
    if (group_.first_shared > 0) shared_ports(whole_, 0, over_tensors(counts.sum.memories[0]), keep);
    return 2 * path + whole_.dispatcher->block_cycles * cycle;
}

group_cost::fetches group_cost::fetches_before_tiles(const flat_nest& nest, std::size_t begin, const gemm& block,
                                                     bool resident) const {
    const auto& unit = group_.unit_machine;
    fetches f;
    for (const auto& b : nest.boundaries) {
        if (b.parent_memory != 0 || b.t == tensor::Z || !tile_sequence::is_load(begin, unit, b)) continue;
        if (unit.cim && b.t == tensor::B && resident) continue;
        const auto last = std::min({begin, b.child_begin, b.run_begin});
        std::int64_t times = 1;
        for (auto d : all_dims)
            times *= nest.tuples(d, 0, extents_of(block)[index(d)], [&](std::size_t i) { return i < last; });
        const bool awaited = b.child_memory < 0 && !unit_.matrix_engine().ping_pong();
        auto& most = awaited ? f.awaited : f.ahead;
        most = std::max(most, times);
    }
    return f;
}

bound_result group_cost::bound(const block_grid& grid, const flat_nest& nest, const blocked_work& work,
                               const blocked_counts& counts) const {
    bound_result r;
    r.time_ps += visit_resources(grid, nest, work, counts, longest{r});
    return r;
}

template <class Charge>
void group_cost::price(const blocked_work& work, const blocked_counts& counts, std::int64_t commands,
                       Charge charge) const {
    unit_.price(work.product, counts.sum, commands, charge, group_.first_shared);
    const double operations = counts.epilogue_operations + static_cast<double>(counts.reduction_additions);
    if (operations > 0)
        charge("vector_unit", "operation", "operation", whole_.vector_unit.operation_energy_pj, operations);
    if (group_.first_shared == 0) return;
    const auto outer = over_tensors(counts.sum.memories[0]);
    const auto& level = whole_.memories[0];
    const auto& shared = whole_.memories[group_.first_shared];
    const auto row = [&](const memory_level& l, const char* action, double pj, std::int64_t bytes) {
        if (bytes > 0) charge(l.name, action, "byte", pj, static_cast<double>(bytes));
    };
    row(level, "read", level.read_energy_pj_per_byte, outer.read);
    row(shared, "fill", shared.fill_energy_pj_per_byte, outer.read);
    row(level, "update", level.update_energy_pj_per_byte, outer.update);
    row(shared, "write_back", shared.read_energy_pj_per_byte, outer.update);
}

void group_cost::charge(ledger& into, const blocked_work& work, const blocked_counts& counts,
                        std::int64_t commands) const {
    price(work, counts, commands,
          [&](std::string_view part, std::string_view action, std::string_view unit, double unit_pj, double count) {
              into.charge(into.open(std::string(part), std::string(action), std::string(unit), unit_pj), count);
          });
}

group_cost::expectation group_cost::expected(const block_grid& grid, const blocked_work& work,
                                             const blocked_counts& counts) const {
    const auto& shared = whole_.memories[group_.first_shared];
    const double cycle = whole_.cycle_ps();
    const auto slower = [](double a, double b) { return a > 0 && b > 0 ? std::min(a, b) : std::max(a, b); };
    const double rate =
        slower(group_.unit_machine.bus.bytes_per_cycle,
               shared.read_bytes_per_cycle /
                   static_cast<double>(std::min(group_.units, std::max<std::int64_t>(counts.blocks, 1))));
    double way = path_ps();
    if (group_.first_shared > 0) {
        const auto asked = static_cast<double>(over_tensors(counts.sum.memories[group_.first_shared]).read);
        const auto& outer = whole_.memories[0];
        double miss_ps = outer.latency_cycles * cycle;
        if (outer.dram) miss_ps += outer.dram->t_rcd_ps + outer.dram->t_cl_ps;
        if (asked > 0) way += miss_ps * std::min(1.0, static_cast<double>(work.outer_read_bytes) / asked);
    }
    block_times tiles;
    for (const auto& k : counts.classes) {
        const auto read = static_cast<double>(over_tensors(k.each.memories[0]).read);
        tiles.push_back({static_cast<double>(k.each.tiles) * way + (rate > 0 ? read * cycle / rate : 0), k.count});
    }
    expectation e{busiest_ps(tiles, group_.units), 0};
    if (!shared.cache) return e;
    const auto& g = work.product;
    const auto cached = shared.caching_bytes();
    // Part of what passes again and again that the cache cannot keep.
    const auto lost = [&](std::int64_t bytes) {
        return bytes > cached ? 1 - static_cast<double>(cached) / static_cast<double>(bytes) : 0;
    };
    // Rows of blocks pass one after another, as many side by side as units take, and each needs all of B. What the
    // cache cannot keep from one to the next comes anew.
    const auto row = grid.along(dim::N, g) * grid.along(dim::K, g);
    const auto at_once = std::max<std::int64_t>(1, group_.units / row);
    const auto passes = (grid.along(dim::M, g) + at_once - 1) / at_once;
    const auto b = work.resident ? 0 : bytes_of(g.n * g.k, g.bits.b);
    const auto beside = bytes_of(std::min(g.m, grid.block[0] * at_once) * g.k, g.bits.a);
    if (b + beside > cached) e.outer_bytes += static_cast<double>((passes - 1) * b * g.batch);
    // Partial sums that blocks put down and take up again, of all blocks under way.
    double put_down = 0;
    for (const auto& k : counts.classes)
        put_down += static_cast<double>(k.each.memories[0][index(tensor::Z)].read * k.count);
    const auto under_way = bytes_of(std::min(grid.block[0], g.m) * std::min(grid.block[1], g.n), g.bits.partial) *
                           std::min(group_.units, counts.blocks);
    e.outer_bytes += 2 * put_down * lost(under_way);
    // Parts of one row of blocks are there before the first of them is added up.
    const auto partial = counts.reduction_read_bytes;
    const auto alive = bytes_of(std::min(grid.block[0], g.m) * g.n, g.bits.partial) * grid.along(dim::K, g);
    e.outer_bytes += static_cast<double>(std::max<std::int64_t>(0, partial - cached)) * (alive > cached ? 2 : 1);
    if (whole_.memories[0].read_bytes_per_cycle > 0)
        e.time_ps =
            std::max(e.time_ps, (e.outer_bytes + static_cast<double>(work.outer_read_bytes + work.outer_write_bytes)) *
                                    cycle / whole_.memories[0].read_bytes_per_cycle);
    return e;
}

cost_model::figures group_cost::evaluate(const block_grid& grid, const flat_nest& nest, const blocked_work& work,
                                         const blocked_counts& counts) const {
    double longest_ps = 0;
    const double more_ps =
        visit_resources(grid, nest, work, counts, [&](std::string_view, std::string_view, double time_ps) {
            longest_ps = std::max(longest_ps, time_ps);
        });
    const auto e = expected(grid, work, counts);
    cost_model::figures f{std::max(longest_ps, e.time_ps) + more_ps, 0};
    if (e.outer_bytes > 0) {
        const auto& outer = whole_.memories[0];
        f.energy_pj += e.outer_bytes / 2 * (outer.read_energy_pj_per_byte + outer.update_energy_pj_per_byte);
    }
    price(work, counts, 1, [&](auto&&, auto&&, auto&&, double unit_pj, double n) { f.energy_pj += unit_pj * n; });
    f.energy_pj += whole_.static_power_mw * 1e-3 * f.time_ps;
    return f;
}

bound_result group_cost::bound(const vector_work& work) const {
    bound_result r;
    const longest keep{r};
    const auto units = static_cast<double>(whole_.dispatcher->units);
    keep("vector_unit", "",
         static_cast<double>(work.operations) * whole_.cycle_ps() / (whole_.vector_unit.operations_per_cycle * units));
    if (!moves(work)) return r;
    const auto& ports = whole_.bus.ports;
    const auto pass = [&](const char* port, std::int64_t bytes, double rate) {
        if (rate > 0) keep("bus", port, static_cast<double>(bytes) * whole_.cycle_ps() / (rate * units));
    };
    if (ports) {
        pass(".read", work.read_bytes, ports->read_bytes_per_cycle);
        pass(".write", work.write_bytes, ports->write_bytes_per_cycle);
    }
    shared_ports(whole_, group_.first_shared, {work.read_bytes, work.write_bytes, 0}, keep);
    return r;
}

void group_cost::charge(ledger& into, const vector_work& work) const { unit_.charge(into, work); }

} // namespace cimtlm
