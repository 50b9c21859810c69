#include <cimtlm/modules/compute_block.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace cimtlm {

namespace {
constexpr std::int64_t all_tiles = std::int64_t{1} << 62;

bool is_module(const machine& m, int memory) {
    return memory >= 0 && m.memories[static_cast<std::size_t>(memory)].on_interconnect();
}

std::size_t staging_count(const machine& m) {
    std::size_t count = 0;
    for (std::size_t i = 1; i < m.memories.size(); ++i) count += is_module(m, static_cast<int>(i)) ? 1 : 0;
    return count;
}
} // namespace

compute_block::compute_block(const sc_core::sc_module_name& name, const cost_model& cost, ledger& energy)
    : sc_module(name)
    , mem("mem")
    , near("near", staging_count(cost.target()))
    , cost_(cost)
    , machine_(cost.target())
    , registers_("ctrl", window_bytes, std::llround(machine_.cycle_ps()))
    , mem_port_(mem, 0)
    , pipeline_(machine_.dma.arbitration_bytes)
    , ledger_(energy)
    , inner_bytes_(machine_.memories.size()) {
    for (auto& socket : near) near_ports_.push_back(std::make_unique<initiator_port<64>>(socket, 0));
    registers_.add(command_offset, {{}, [this](std::uint32_t count, std::int64_t time_ps) {
                                        commands_.add(time_ps, count == UINT32_MAX ? all_tiles : count);
                                        command_event_.notify();
                                    }});
    registers_.add(done_offset,
                   {[this](std::int64_t time_ps) { return static_cast<std::uint32_t>(done_.at(time_ps)); }, {}});
    registers_.add_scratch(scratch_offset);
    registers_.add(status_offset, {[this](std::int64_t) { return running_ ? 1u : 0u; }, {}});
    const double mac_pj = cost_.mac_pj();
    mac_account_ = ledger_.open("mac", "multiply_accumulate", "MAC", mac_pj);
    padding_account_ = ledger_.open("mac", "padding", "MAC", mac_pj);
    if (machine_.cim) {
        write_account_ = ledger_.open("weight_write", "write", "byte", cost_.matrix_engine().write_pj_per_byte());
        merge_account_ = ledger_.open("addition", "merge", "addition", machine_.cim->addition_energy_pj);
        bank_account_ = ledger_.open("addition", "banks", "addition", machine_.cim->addition_energy_pj);
    }
    for (std::size_t i = 0; i < machine_.memories.size(); ++i) {
        const auto& level = machine_.memories[i];
        inner_accounts_.push_back({});
        if (is_module(machine_, static_cast<int>(i))) continue;
        inner_accounts_[i] = {ledger_.open(level.name, "read", "byte", level.read_energy_pj_per_byte),
                              ledger_.open(level.name, "update", "byte", level.update_energy_pj_per_byte),
                              ledger_.open(level.name, "fill", "byte", level.fill_energy_pj_per_byte)};
    }
    SC_THREAD(load_tiles);
    SC_THREAD(compute_tiles);
    SC_THREAD(store_results);
}

void compute_block::load(const matrix_job& job) {
    if (running_) SC_REPORT_FATAL("/cimtlm/compute_block", "a job is loaded while another one runs");
    job_ = job;
    running_ = true;
    ++jobs_loaded_;
    commands_.reset();
    done_.reset();
    tiles_scheduled_ = 0;
    engine_free_ps_ = times_.now_ps();
    is_load_.clear();
    for (const auto& b : job_.nest->boundaries) is_load_.push_back(tile_sequence::is_load(*job_.nest, machine_, b));
    held_bytes_.assign(job_.nest->boundaries.size(), 0);
    room_bytes_.clear();
    for (const auto& level : machine_.memories)
        room_bytes_.push_back(level.capacity_bytes > 0 ? level.capacity_bytes
                                                       : std::numeric_limits<std::int64_t>::max() / 4);
    pending_.clear();
    result_ = {};
    result_.begin_ps = times_.now_ps();
    job_event_.notify();
}

void compute_block::wait_until(std::int64_t time_ps) {
    const auto now = times_.now_ps();
    if (time_ps <= now) return;
    sc_core::wait(times_.time(time_ps - now));
}

// Waits for a job that was loaded after `seen`, also when that happened while nobody waited.
void compute_block::await_job(std::uint64_t& seen) {
    while (seen == jobs_loaded_) sc_core::wait(job_event_);
    seen = jobs_loaded_;
}

initiator_port<64>& compute_block::port_of(int memory) {
    if (memory == 0) return mem_port_;
    return *near_ports_.at(static_cast<std::size_t>(memory - 1));
}

// Where the operand lies. Activations are stored row by row; weights are packed in the order of the tiles when the
// program is built. A staging memory holds its regions packed, from its first address.
operand_stream compute_block::stream_of(std::size_t boundary, const tile_transfer& t, bool down) {
    const auto& b = job_.nest->boundaries[boundary];
    const auto& g = job_.product;
    operand_stream s;
    s.port = &port_of(b.parent_memory);
    s.write = !down;
    s.operand = static_cast<int>(index(b.t));
    s.kind = down ? transfer_kind::read : transfer_kind::update;
    s.bytes = down ? t.read : t.update;
    s.cause = b.t == tensor::Z                                         ? stall::output_wait
              : b.t == tensor::B && b.child_memory < 0 && machine_.cim ? stall::weight_load
                                                                       : stall::input_wait;
    if (b.parent_memory > 0) {
        s.window_bytes = machine_.memories[static_cast<std::size_t>(b.parent_memory)].capacity_bytes;
        return s;
    }
    const auto bits = b.t == tensor::A ? g.bits.a : b.t == tensor::B ? g.bits.b : g.bits.z;
    const auto bytes = [&](std::int64_t elements) { return bytes_of(elements, bits); };
    const auto rows_dim = b.t == tensor::B ? dim::K : dim::M, columns_dim = b.t == tensor::A ? dim::K : dim::N;
    const auto rows = t.extent[index(rows_dim)], columns = t.extent[index(columns_dim)];
    const auto row_begin = t.origin[index(rows_dim)], column_begin = t.origin[index(columns_dim)];
    const auto width = extents_of(g)[index(columns_dim)], height = extents_of(g)[index(rows_dim)];
    const auto base = job_.base_address[index(b.t)];
    if (b.t == tensor::B && !g.b_is_activation) {
        s.address = base + static_cast<std::uint64_t>(bytes(column_begin * height + row_begin * columns));
        s.window_bytes = bytes(rows * columns);
        return s;
    }
    s.address = base + static_cast<std::uint64_t>(bytes(row_begin * width + column_begin));
    if (rows * bytes(columns) == s.bytes) {
        s.segment_bytes = columns == width ? 0 : bytes(columns);
        s.stride_bytes = bytes(width);
    } else {
        s.window_bytes = bytes(rows * columns); // read several times, or sums of another width
    }
    return s;
}

// Names the time between the end of the tile before and this tile's readiness.
void compute_block::account_waits(const loaded_tile& t) {
    auto at = pipeline_.end_ps();
    auto gap = t.ready_ps - at;
    if (gap <= 0) return;
    auto& stalls = pipeline_.stalls();
    if (!cost_.matrix_engine().ping_pong()) {
        // Writing is the engine's own time: the last part of the gap.
        const auto write_ps = std::min(gap, t.write_ps);
        pipeline_.compute_outside(write_ps);
        gap -= write_ps;
    }
    stall last = stall::weight_load;
    for (const auto& i : t.history) {
        last = i.cause;
        const auto stretch = std::min(gap, i.end_ps - at); // with the time in which the loader could not go on
        if (stretch <= 0) continue;
        stalls.add(i.cause, stretch, i.lost);
        at += stretch;
        gap -= stretch;
    }
    stalls.add(last, gap);
    pipeline_.idle_until(t.ready_ps);
}

void compute_block::account_engine(const tile& t) {
    const auto& g = job_.product;
    const auto slices = cost_.slices_of(g);
    const auto macs = t.extent[0] * t.extent[1] * t.extent[2];
    macs_ += macs;
    executed_macs_ += t.executed_macs;
    steps_ += t.steps;
    ++tiles_;
    ledger_.charge(mac_account_, static_cast<double>(macs) * slices);
    ledger_.charge(padding_account_, static_cast<double>(t.executed_macs - macs) * slices);
    for (std::size_t i = 0; i < t.transfers.size(); ++i) {
        const auto& b = job_.nest->boundaries[i];
        const auto& x = t.transfers[i];
        const auto tag = index(b.t);
        if (!is_module(machine_, b.parent_memory)) {
            const auto p = static_cast<std::size_t>(b.parent_memory);
            inner_bytes_[p][tag].read += x.read;
            inner_bytes_[p][tag].update += x.update;
            ledger_.charge(inner_accounts_[p][0], static_cast<double>(x.read));
            ledger_.charge(inner_accounts_[p][1], static_cast<double>(x.update));
        }
        if (b.child_memory >= 0 && !is_module(machine_, b.child_memory)) {
            const auto c = static_cast<std::size_t>(b.child_memory);
            inner_bytes_[c][tag].fill += x.fill;
            ledger_.charge(inner_accounts_[c][2], static_cast<double>(x.fill));
        }
        if (b.child_memory < 0 && b.t == tensor::B && machine_.cim)
            ledger_.charge(write_account_, static_cast<double>(x.fill));
    }
    if (machine_.cim) {
        ledger_.charge(merge_account_, static_cast<double>(t.merged_partial_sums));
        ledger_.charge(bank_account_, static_cast<double>(t.bank_additions));
    }
}

void compute_block::compute_tiles() {
    std::vector<operand_stream> streams;
    std::uint64_t seen = 0;
    while (true) {
        await_job(seen);
        pipeline_.start();
        for (bool more = true; more;) {
            sequencer_waits_ = "a loaded tile";
            const bool ahead = machine_.dma.double_buffer;
            while (loaded_.empty() || !(ahead ? loaded_.front().staged : loaded_.front().ready))
                sc_core::wait(loaded_event_);
            sequencer_waits_.clear();
            const auto& t = loaded_.front();
            streams.clear();
            for (std::size_t i = 0; i < t.work.transfers.size(); ++i) {
                const auto& b = job_.nest->boundaries[i];
                const auto& x = t.work.transfers[i];
                if (is_load_[i]) continue;
                if (is_module(machine_, b.parent_memory)) {
                    if (x.read > 0) streams.push_back(stream_of(i, x, true));
                    if (x.update > 0) streams.push_back(stream_of(i, x, false));
                }
                if (x.fill > 0 && is_module(machine_, b.child_memory)) {
                    operand_stream fill;
                    fill.port = &port_of(b.child_memory);
                    fill.write = true;
                    fill.operand = static_cast<int>(index(b.t));
                    fill.kind = transfer_kind::fill;
                    fill.bytes = x.fill;
                    fill.window_bytes = machine_.memories[static_cast<std::size_t>(b.child_memory)].capacity_bytes;
                    streams.push_back(fill);
                }
            }
            account_engine(t.work);
            const auto steps = t.work.steps * cost_.matrix_engine().input_slices(job_.product.bits.a);
            const auto compute_ps = std::ceil(cost_.compute_ps(t.work.steps, job_.product) - 1e-6);
            pipeline_.run(streams, static_cast<std::int64_t>(compute_ps), steps, [&] {
                sequencer_waits_ = "weights";
                while (!t.ready) sc_core::wait(loaded_event_);
                sequencer_waits_.clear();
                account_waits(t);
            });
            engine_free_ps_ = pipeline_.end_ps();
            ++tiles_scheduled_;
            done_.settle(times_.now_ps());
            done_.add(engine_free_ps_, 1);
            scheduled_event_.notify();
            for (std::size_t i = 0; i < t.work.transfers.size(); ++i) {
                const auto& b = job_.nest->boundaries[i];
                if (!is_load_[i] || b.t != tensor::Z || t.work.transfers[i].update == 0) continue;
                leaving_.push_back({i, t.work.transfers[i], engine_free_ps_, held_bytes_of(i, t.work.transfers[i])});
                leave_event_.notify();
            }
            more = !t.work.last;
            loaded_.pop_front();
            if (more && progress_) progress_();
        }
        pipeline_.flush();
        sequencer_waits_ = "results on their way out";
        while (!leaving_.empty() || storing_) sc_core::wait(room_event_);
        sequencer_waits_.clear();
        result_.end_ps = times_.now_ps();
        result_.computed_ps = pipeline_.computed_ps();
        result_.tiles = tiles_scheduled_;
        result_.waits = pipeline_.stalls();
        result_.waits.add(stall::drain, result_.end_ps - pipeline_.end_ps());
        busy_ps_ += result_.computed_ps;
        ++jobs_;
        running_ = false;
        if (progress_) progress_();
    }
}

std::int64_t compute_block::held_bytes_of(std::size_t boundary, const tile_transfer& t) const {
    const auto& b = job_.nest->boundaries[boundary];
    std::int64_t elements = 1;
    for (auto d : all_dims)
        if (indexes(d, b.t)) elements *= t.extent[index(d)];
    const auto& bits = job_.product.bits;
    return bytes_of(elements, b.t == tensor::A ? bits.a : b.t == tensor::B ? bits.b : std::max(bits.z, bits.partial));
}

void compute_block::store_results() {
    while (true) {
        while (leaving_.empty()) sc_core::wait(leave_event_);
        storing_ = true;
        const auto l = leaving_.front();
        leaving_.pop_front();
        wait_until(l.after_ps);
        const auto s = stream_of(l.boundary, l.what, false);
        auto done = times_.now_ps();
        for (std::int64_t at = 0; at < s.bytes;) {
            const auto next = std::min(s.bytes, at + most_at_once(s, machine_.dma.arbitration_bytes));
            const auto now = times_.now_ps();
            const auto put = s.port->transfer(slice_of(s, at, next));
            done = std::max(done, now + put.delay_ps);
            at = next;
            if (at < s.bytes) wait_until(now + put.service_ps + put.queue_ps + put.row_ps + put.refresh_ps);
        }
        wait_until(done);
        room_bytes_[static_cast<std::size_t>(job_.nest->boundaries[l.boundary].child_memory)] += l.held_bytes;
        storing_ = false;
        room_event_.notify();
    }
}

std::string compute_block::waiting_for() const {
    if (!running_) return "";
    std::string text;
    if (!loader_waits_.empty()) text += "loader waits for " + loader_waits_;
    if (!sequencer_waits_.empty()) text += (text.empty() ? "" : "; ") + ("sequencer waits for " + sequencer_waits_);
    return text + " (tile " + std::to_string(tiles_scheduled_) + ", " + std::to_string(commands_.at(times_.now_ps())) +
           " commands)";
}

void compute_block::report(statistics& s) const {
    const std::string prefix = std::string(basename()) + ".";
    s.add(prefix + "jobs", static_cast<double>(jobs_), "count", "matrix products finished");
    s.add(prefix + "tiles", static_cast<double>(tiles_), "count", "tiles computed");
    s.add(prefix + "steps", static_cast<double>(steps_), "count", "steps of the engine");
    s.add(prefix + "macs", static_cast<double>(macs_), "MAC", "multiply-accumulates of the products");
    s.add(prefix + "executed_macs", static_cast<double>(executed_macs_), "MAC", "with padding");
    s.add(prefix + "weight_bytes_written", static_cast<double>(weight_bytes_), "byte", "written into arrays");
    s.add(prefix + "busy_ps", static_cast<double>(busy_ps_), "ps", "time computing or writing weights");
}

} // namespace cimtlm
