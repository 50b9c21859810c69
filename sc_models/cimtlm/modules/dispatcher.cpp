#include <cimtlm/modules/dispatcher.h>

#include <cimtlm/mapping/tile.h>

#include <algorithm>
#include <cmath>

namespace cimtlm {

namespace {
constexpr std::int64_t all_blocks = std::int64_t{1} << 40; // several times over, too, it is a count
}

dispatcher::dispatcher(const sc_core::sc_module_name& name, const machine& m,
                       std::vector<std::vector<compute_block*>> groups, std::vector<vector_unit*> vectors)
    : sc_module(name)
    , machine_(m)
    , registers_("ctrl", window_bytes, std::llround(m.cycle_ps()))
    , vectors_(std::move(vectors)) {
    registers_.add(command_offset, {{}, [this](std::uint32_t count, std::int64_t time_ps) {
                                        commands_.add(time_ps, count == UINT32_MAX ? all_blocks : count);
                                        command_event_.notify();
                                    }});
    registers_.add(compute_block::done_offset,
                   {[this](std::int64_t time_ps) { return static_cast<std::uint32_t>(done_.at(time_ps)); }, {}});
    registers_.add_scratch(compute_block::scratch_offset);
    registers_.add(compute_block::status_offset, {[this](std::int64_t) { return running_ ? 1u : 0u; }, {}});
    for (std::size_t g = 0; g < groups.size(); ++g) {
        groups_.emplace_back(groups[g].size());
        for (std::size_t u = 0; u < groups[g].size(); ++u) {
            auto& block = *groups[g][u];
            groups_[g][u].block = &block;
            block.on_loadable([this] { unit_event_.notify(); });
            block.on_finished([this, g, u](std::int64_t number) { finished(g, u, number); });
            block.on_progress([this, g, u] { count_stretch(groups_[g][u]); });
        }
    }
    for (auto* v : vectors_)
        v->on_progress([this] {
            if (is_product_) {
                --reductions_running_;
                reduce();
            }
            unit_event_.notify();
        });
    SC_THREAD(run);
}

void dispatcher::load(const blocked_job& job) {
    if (running_) SC_REPORT_FATAL("/cimtlm/dispatcher", "a job is loaded while another one runs");
    job_ = job;
    is_product_ = true;
    running_ = true;
    ++loaded_;
    commands_.reset();
    done_.reset();
    result_ = {};
    result_.begin_ps = times_.now_ps();
    job_event_.notify();
}

void dispatcher::load(const spread_job& job) {
    load(blocked_job{});
    spread_ = job;
    is_product_ = false;
}

// Waits until the host has let `count` blocks start.
void dispatcher::await_command(std::int64_t count) {
    waits_for_ = "a command from the host";
    while (commands_.at(times_.now_ps()) < count) {
        const auto due = commands_.next_after(times_.now_ps());
        if (due < 0)
            sc_core::wait(command_event_);
        else
            sc_core::wait(times_.time(due - times_.now_ps()), command_event_);
    }
    commands_.settle(times_.now_ps());
    waits_for_.clear();
}

matrix_job dispatcher::block_job(std::int64_t number) const {
    const auto& g = job_.product;
    const auto each = job_.grid.blocks(g);
    const auto item = number / each; // of the batch
    const auto region = job_.grid.region(g, number % each);
    const auto splits = job_.grid.along(dim::K, g);
    matrix_job job;
    job.product = block_product(g, region.extent, splits > 1);
    job.nest = job_.nest;
    job.resident = job_.resident;
    job.whole = extents_of(g);
    job.origin = region.origin;
    job.row_bytes[0] = job_.a_row_bytes;
    job.commanded = true;
    job.number = number;
    job.not_before_ps = times_.now_ps() + std::llround(machine_.dispatcher->block_cycles * machine_.cycle_ps());
    const auto a_bytes = job_.a_row_bytes > 0 ? g.m * job_.a_row_bytes : bytes_of(g.m * g.k, g.bits.a);
    const std::array<std::int64_t, 3> item_bytes{a_bytes, bytes_of(g.k * g.n, g.bits.b), bytes_of(g.m * g.n, g.bits.z)};
    for (std::size_t t = 0; t < 3; ++t)
        job.base_address[t] = job_.base_address[t] + static_cast<std::uint64_t>(item * item_bytes[t]);
    if (splits > 1) {
        const auto part = region.origin[index(dim::K)] / job_.grid.block[index(dim::K)];
        job.packed_results = true;
        job.base_address[index(tensor::Z)] = partial_address(item, region, part);
    } else {
        job.epilogue_operations = job_.epilogue_operations;
        job.epilogue_read_bytes = job_.epilogue_read_bytes;
        job.epilogue_address = job_.epilogue_address;
        job.epilogue_first = item * g.m * g.n;
    }
    return job;
}

// Results of the batch that stand before those of a block, when blocks follow one another row by row of blocks.
std::int64_t dispatcher::results_before(std::int64_t item, const block_region& r) const {
    const auto& g = job_.product;
    return item * g.m * g.n + r.origin[index(dim::M)] * g.n + r.origin[index(dim::N)] * r.extent[index(dim::M)];
}

std::uint64_t dispatcher::partial_address(std::int64_t item, const block_region& r, std::int64_t part) const {
    const auto results = r.extent[index(dim::M)] * r.extent[index(dim::N)];
    const auto before = results_before(item, r) * job_.grid.along(dim::K, job_.product) + part * results;
    return job_.partial_address + static_cast<std::uint64_t>(bytes_of(before, job_.product.bits.partial));
}

// Gives a block to the unit that has least to do; false when all loaders are taken.
bool dispatcher::hand_out(std::int64_t number) {
    auto& units = groups_[job_.group];
    unit* to = nullptr;
    if (job_.resident) {
        to = &units[static_cast<std::size_t>((job_.first_unit + number) % static_cast<std::int64_t>(units.size()))];
        if (!to->block->can_load()) return false;
    } else {
        for (auto& u : units)
            if (u.block->can_load() && (!to || u.outstanding < to->outstanding)) to = &u;
        if (!to) return false;
    }
    ++to->outstanding;
    to->counted = false;
    to->block->load(block_job(number));
    ++blocks_;
    return true;
}

// A unit is idle: its stretch of work, and the time since the one before, belong to its account.
void dispatcher::count_stretch(unit& u) {
    if (u.counted || u.block->running()) return;
    const auto& stretch = u.block->result();
    u.account.waits.add(stall::host_issue, stretch.begin_ps - u.account.end_ps);
    u.account.waits += stretch.waits;
    u.account.computed_ps += stretch.computed_ps;
    u.account.tiles += stretch.tiles;
    u.account.end_ps = stretch.end_ps;
    u.counted = true;
    unit_event_.notify();
}

void dispatcher::finished(std::size_t group, std::size_t unit, std::int64_t number) {
    --groups_[group][unit].outstanding;
    ++finished_;
    done_.settle(times_.now_ps());
    done_.add(times_.now_ps(), 1);
    const auto splits = job_.grid.along(dim::K, job_.product);
    if (splits > 1) {
        const auto columns = job_.grid.along(dim::N, job_.product);
        const auto rows = number / (columns * splits); // of the whole batch
        const auto output = rows * columns + number % columns;
        if (++parts_[output] == splits) {
            parts_.erase(output);
            to_reduce_.push_back(output);
            reduce();
        }
    }
    unit_event_.notify();
    if (progress_) progress_();
}

// Partial sums of complete output blocks, by vector lanes that are free.
void dispatcher::reduce() {
    const auto& g = job_.product;
    const auto splits = job_.grid.along(dim::K, g), columns = job_.grid.along(dim::N, g);
    for (auto* v : vectors_) {
        if (to_reduce_.empty()) return;
        if (v->running()) continue;
        const auto output = to_reduce_.front();
        to_reduce_.pop_front();
        const auto of_item = columns * job_.grid.along(dim::M, g);
        const auto item = output / of_item, in_item = output % of_item;
        const auto region = job_.grid.region(g, in_item / columns * columns * splits + in_item % columns);
        const auto results = region.extent[index(dim::M)] * region.extent[index(dim::N)];
        const auto first = results_before(item, region);
        // Shares of all blocks add up to those of the product.
        const auto before = [](double of_each, std::int64_t result) {
            return std::llround(of_each * static_cast<double>(result));
        };
        const auto share = [&](double of_each) { return before(of_each, first + results) - before(of_each, first); };
        vector_job job;
        job.work.name = g.name + ".reduction";
        job.work.elements = results;
        job.work.operations = results * (splits - 1) + share(job_.epilogue_operations);
        job.work.second_read_bytes = share(job_.epilogue_read_bytes);
        job.work.read_bytes = bytes_of(results, g.bits.partial) * splits + job.work.second_read_bytes;
        job.work.write_bytes = bytes_of(results, g.bits.z);
        job.read_address = partial_address(item, region, 0);
        job.second_address =
            job_.epilogue_address + static_cast<std::uint64_t>(before(job_.epilogue_read_bytes, first));
        job.write_address = job_.base_address[index(tensor::Z)] + static_cast<std::uint64_t>(bytes_of(first, g.bits.z));
        job.operand = operand_z;
        job.commanded = true;
        v->load(job);
        ++reductions_running_;
        ++reductions_;
        reduced_bytes_ += job.work.read_bytes + job.work.write_bytes;
    }
}

void dispatcher::finish(std::int64_t computed_ps, stall_account waits) {
    result_.end_ps = times_.now_ps();
    result_.computed_ps = computed_ps;
    result_.waits = waits;
    ++jobs_;
    running_ = false;
    if (progress_) progress_();
}

std::int64_t dispatcher::make_ready(std::optional<std::size_t> group) {
    if (!prepare_) return 0;
    waits_for_ = "ways of the cache";
    const auto switch_ps = prepare_(group);
    if (switch_ps > 0) sc_core::wait(times_.time(switch_ps));
    waits_for_.clear();
    return switch_ps;
}

void dispatcher::run_product() {
    auto& units = groups_[job_.group];
    const auto begin = result_.begin_ps;
    for (auto& u : units) {
        u.account = {};
        u.account.end_ps = begin;
        u.counted = true;
    }
    finished_ = 0;
    parts_.clear();
    await_command(1);
    const auto switch_ps = make_ready(job_.group);
    const auto total = blocks(job_);
    for (std::int64_t number = 0; number < total; ++number) {
        await_command(number + 1);
        waits_for_ = "a free unit";
        while (!hand_out(number)) sc_core::wait(unit_event_);
        waits_for_.clear();
    }
    waits_for_ = "the last blocks of '" + job_.product.name + "'";
    const auto busy = [&] {
        return finished_ < total || reductions_running_ > 0 || !to_reduce_.empty() ||
               std::any_of(units.begin(), units.end(), [](const unit& u) { return !u.counted; });
    };
    while (busy()) sc_core::wait(unit_event_);
    waits_for_.clear();
    const auto& last = *std::max_element(
        units.begin(), units.end(), [](const unit& a, const unit& b) { return a.account.end_ps < b.account.end_ps; });
    auto waits = last.account.waits;
    // Before its first block the unit waited for the command, then for the ways of the cache.
    waits.add(stall::host_issue, -switch_ps);
    waits.add(stall::mode_switch, switch_ps);
    waits.add(job_.grid.splits_k(job_.product) ? stall::reduction : stall::drain,
              times_.now_ps() - last.account.end_ps);
    for (const auto& u : units) result_.tiles += u.account.tiles;
    finish(last.account.computed_ps, waits);
}

void dispatcher::run_vectors(const spread_job& job) {
    await_command(1);
    const auto started = times_.now_ps();
    const auto switch_ps = make_ready({});
    const auto units = static_cast<std::int64_t>(vectors_.size());
    const auto part = [&](std::int64_t whole, std::int64_t i) { return whole / units * i + whole % units * i / units; };
    for (std::int64_t i = 0; i < units; ++i) {
        vector_job share;
        share.work = job.work;
        const auto cut = [&](std::int64_t whole) { return part(whole, i + 1) - part(whole, i); };
        share.work.elements = cut(job.work.elements);
        share.work.operations = cut(job.work.operations);
        share.work.second_read_bytes = cut(job.work.second_read_bytes);
        const auto first_bytes = job.work.read_bytes - job.work.second_read_bytes;
        share.work.read_bytes = cut(first_bytes) + share.work.second_read_bytes;
        share.work.write_bytes = cut(job.work.write_bytes);
        share.read_address = job.read_address + static_cast<std::uint64_t>(part(first_bytes, i));
        share.second_address = job.second_address + static_cast<std::uint64_t>(part(job.work.second_read_bytes, i));
        share.write_address = job.write_address + static_cast<std::uint64_t>(part(job.work.write_bytes, i));
        share.commanded = true;
        vectors_[static_cast<std::size_t>(i)]->load(share);
    }
    waits_for_ = "the end of '" + job.work.name + "'";
    const auto busy = [&] {
        return std::any_of(vectors_.begin(), vectors_.end(), [](const auto* v) { return v->running(); });
    };
    while (busy()) sc_core::wait(unit_event_);
    waits_for_.clear();
    const auto& last = (*std::max_element(vectors_.begin(), vectors_.end(), [](const auto* a, const auto* b) {
                           return a->result().end_ps < b->result().end_ps;
                       }))->result();
    auto waits = last.waits;
    waits.add(stall::host_issue, started - result_.begin_ps);
    waits.add(stall::mode_switch, switch_ps);
    finish(last.computed_ps, waits);
}

void dispatcher::run() {
    for (std::uint64_t seen = 0;; ++seen) {
        while (seen == loaded_) sc_core::wait(job_event_);
        if (is_product_)
            run_product();
        else
            run_vectors(spread_);
    }
}

std::string dispatcher::waiting_for() const { return running_ ? waits_for_ : ""; }

void dispatcher::report(statistics& s) const {
    const std::string prefix = std::string(basename()) + ".";
    s.add(prefix + "jobs", static_cast<double>(jobs_), "count", "products and vector works finished");
    s.add(prefix + "blocks", static_cast<double>(blocks_), "count", "blocks handed out");
    s.add(prefix + "reductions", static_cast<double>(reductions_), "count", "output blocks added up over split K");
    s.add(prefix + "reduced_bytes", static_cast<double>(reduced_bytes_), "byte", "moved for that");
}

} // namespace cimtlm
