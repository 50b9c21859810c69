#include <platforms/builder/platform.h>

#include <cimtlm/base/error.h>

#include <algorithm>
#include <cmath>

namespace cimtlm {

namespace {
// The memory map of the platform: DRAM from 0, control windows above it.
constexpr std::uint64_t dram_size = std::uint64_t{1} << 62;
constexpr std::uint64_t block_address = dram_size;
constexpr std::uint64_t vectors_address = dram_size + 0x1000;

matrix_job job_of(const planned_task& task) {
    matrix_job job;
    const auto& g = task.product();
    job.product = g;
    job.nest = task.nest.get();
    job.resident = task.resident;
    job.base_address[0] = 0;
    job.base_address[1] = static_cast<std::uint64_t>(bytes_of(g.m * g.k, g.bits.a));
    job.base_address[2] = job.base_address[1] + static_cast<std::uint64_t>(bytes_of(g.k * g.n, g.bits.b));
    return job;
}
} // namespace

bool simulate(const host_cpu& host, const std::function<bool(std::int64_t)>& keep_on,
              const std::function<std::string()>& who_waits) {
    // In slices, so that the outside can be asked; the end of a slice has no effect on the model.
    const sc_core::sc_time slice(200, sc_core::SC_US);
    do {
        sc_core::sc_start(slice);
        if (keep_on && !host.finished() && !keep_on(time_base().now_ps())) return false;
        if (!host.finished() && !sc_core::sc_pending_activity()) throw standstill_error(who_waits());
    } while (!host.finished());
    return true;
}

run_results measured(const host_cpu& host, const plan& p, convention counted, stall longer) {
    run_results r;
    r.level = fidelity::tile;
    r.counting = counted;
    r.layers = rows_of(p);
    for (std::size_t i = 0; i < host.results().size(); ++i) {
        const auto& done = host.results()[i];
        auto& row = r.layers[i];
        row.time_ps = done.end_ps - done.begin_ps;
        row.energy_pj = done.energy_pj;
        row.tiles = done.tiles;
        row.stalls = done.waits.beyond(done.waits.total_ps() - (row.time_ps - bound_ps(p.tasks[i], counted)), longer);
        r.stalls += row.stalls;
        r.totals.simulated_tiles += done.tiles;
    }
    r.totals.kernel_events = sc_core::sc_delta_count();
    return r;
}

platform::platform(const machine& m, const cost_model& cost)
    : machine_(m)
    , cost_(cost) {
    const auto cycle_ps = m.cycle_ps();
    bus_ = std::make_unique<bus<64>>("bus", m.bus, cycle_ps, energy_, 3, 3);
    const auto& level = m.memories.front();
    dram_ = std::make_unique<dram<64>>(level.name.c_str(), level, cycle_ps, energy_);
    block_ = std::make_unique<compute_block>(m.cim ? "cim" : "tensor_core", cost, energy_);
    vectors_ = std::make_unique<vector_unit>("vector_unit", m, energy_);
    host_ = std::make_unique<host_cpu>("host", m, energy_, *block_, block_address, *vectors_, vectors_address);
    block_->mem.bind(bus_->in[0]);
    vectors_->mem.bind(bus_->in[1]);
    host_->mem.bind(bus_->in[2]);
    bus_->out[0].bind(dram_->in);
    bus_->out[1].bind(block_->ctrl());
    bus_->out[2].bind(vectors_->ctrl());
    bus_->map(0, dram_size, 0);
    bus_->map(block_address, compute_block::window_bytes, 1);
    bus_->map(vectors_address, vector_unit::window_bytes, 2);
    for (std::size_t i = 1; i < m.memories.size() && m.memories[i].kind == memory_kind::sram; ++i) {
        staging_.push_back(
            std::make_unique<scratchpad<64>>(m.memories[i].name.c_str(), m.memories[i], cycle_ps, energy_));
        block_->near[i - 1].bind(staging_.back()->in);
    }
    activities_ = {{"host", host_.get()},
                   {m.cim ? "cim" : "tensor_core", block_.get()},
                   {"vector_unit", vectors_.get()},
                   {"bus", bus_.get()},
                   {level.name.c_str(), dram_.get()}};
    for (std::size_t i = 0; i < staging_.size(); ++i)
        activities_.push_back({m.memories[i + 1].name.c_str(), staging_[i].get()});
}

std::string platform::who_waits() const {
    std::string text = "nothing moves any more at " + std::to_string(time_base().now_ps()) + " ps, " +
                       std::to_string(host_->results().size()) + " tasks are done:";
    for (const auto& [name, module] : activities_) {
        const auto reason = module->waiting_for();
        if (!reason.empty()) text += std::string("\n  ") + name + " waits for " + reason;
    }
    return text;
}

run_results platform::run(const plan& p, const std::function<bool(std::int64_t)>& keep_on) {
    std::vector<host_task> tasks;
    for (const auto& task : p.tasks) {
        if (task.is_product())
            tasks.push_back({job_of(task), task.count()});
        else
            tasks.push_back({vector_job{task.vector(), 0, static_cast<std::uint64_t>(task.vector().read_bytes), false},
                             task.count()}); // results lie behind the operands
    }
    host_->assign(std::move(tasks));
    if (!simulate(*host_, keep_on, [this] { return who_waits(); })) return {};

    auto r = measured(*host_, p, cost_.counted(), stall::weight_load);
    r.energy.add(energy_);
    r.traffic.resize(machine_.memories.size());
    for (std::size_t i = 0; i < r.traffic.size(); ++i)
        std::copy(block_->inner_bytes()[i].begin(), block_->inner_bytes()[i].end(), r.traffic[i].begin());
    const auto add = [&](std::size_t level, const auto& memory) {
        for (int t = 0; t < operand_tags; ++t) {
            auto& a = r.traffic[level][static_cast<std::size_t>(t)];
            a.read += static_cast<std::int64_t>(memory.bytes(t, transfer_kind::read));
            a.update += static_cast<std::int64_t>(memory.bytes(t, transfer_kind::update));
            a.fill += static_cast<std::int64_t>(memory.bytes(t, transfer_kind::fill));
        }
    };
    add(0, *dram_);
    for (std::size_t i = 0; i < staging_.size(); ++i) add(i + 1, *staging_[i]);
    host_->report(r.details);
    block_->report(r.details);
    vectors_->report(r.details);
    bus_->report(r.details);
    dram_->report(r.details);
    for (const auto& s : staging_) s->report(r.details);
    complete(r, p, cost_);
    return r;
}

} // namespace cimtlm
