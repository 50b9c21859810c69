#include <cimtlm/modules/host_cpu.h>

#include <algorithm>
#include <cmath>

namespace cimtlm {

host_cpu::host_cpu(const sc_core::sc_module_name& name, const machine& m, ledger& energy)
    : sc_module(name)
    , mem("mem")
    , machine_(m)
    , port_(mem, 2)
    , ledger_(energy)
    , account_(energy.open("host", "command", "command", m.host.command_energy_pj)) {
    SC_THREAD(run);
}

host_cpu::host_cpu(const sc_core::sc_module_name& name, const machine& m, ledger& energy, compute_block& block,
                   std::uint64_t block_address, vector_unit& vectors, std::uint64_t vectors_address)
    : host_cpu(name, m, energy) {
    block_ = &block;
    vectors_ = &vectors;
    block_address_ = block_address;
    vectors_address_ = vectors_address;
    block.on_progress([this] { progress_.notify(); });
    vectors.on_progress([this] { progress_.notify(); });
}

host_cpu::host_cpu(const sc_core::sc_module_name& name, const machine& m, ledger& energy, dispatcher& units,
                   std::uint64_t dispatcher_address)
    : host_cpu(name, m, energy) {
    units_ = &units;
    block_address_ = dispatcher_address;
    units.on_progress([this] { progress_.notify(); });
}

void host_cpu::command(std::uint64_t address, std::uint32_t value) {
    const auto own_ps = static_cast<std::int64_t>(std::llround(machine_.host.command_cycles * machine_.cycle_ps()));
    if (own_ps > 0) sc_core::wait(times_.time(own_ps));
    transfer_request r;
    r.command = tlm::TLM_WRITE_COMMAND;
    r.address = address;
    r.bytes = sizeof value;
    r.data = reinterpret_cast<unsigned char*>(&value);
    const auto result = port_.transfer(r);
    if (result.delay_ps > 0) sc_core::wait(times_.time(result.delay_ps));
    ++commands_;
    busy_ps_ += own_ps;
    ledger_.charge(account_, 1);
}

void host_cpu::add(const job_result& j, task_result& r) const {
    r.computed_ps += j.computed_ps;
    r.tiles += j.tiles;
    r.waits += j.waits;
    r.waits.add(stall::host_issue, times_.now_ps() - j.end_ps); // work so short that its command outlasts it
}

// Commands of a product in `parts` tiles or blocks, one each or one for all.
template <class Done, class Next>
void host_cpu::give_commands(std::uint64_t address, std::int64_t parts, bool by_part, Done done, Next next) {
    const std::int64_t commands = by_part ? parts : 1;
    for (std::int64_t given = 0; given < commands; ++given) {
        waits_for_ = "a free place in the command queue";
        while (given - (by_part ? done(times_.now_ps()) : 0) >= machine_.host.queue_depth) {
            const auto due = next(times_.now_ps());
            if (due < 0)
                sc_core::wait(progress_);
            else
                sc_core::wait(times_.time(due - times_.now_ps()), progress_);
        }
        waits_for_.clear();
        command(address, by_part ? 1 : UINT32_MAX);
    }
}

template <class Target> void host_cpu::await_end(const Target& target, const std::string& name, task_result& r) {
    waits_for_ = "the end of '" + name + "'";
    while (target.running()) sc_core::wait(progress_);
    waits_for_.clear();
    add(target.result(), r);
}

void host_cpu::execute(const matrix_job& job, std::int64_t, task_result& r) {
    block_->load(job);
    give_commands(
        block_address_ + compute_block::command_offset, tile_sequence::count(*job.nest, job.product, machine_),
        machine_.host.issue == host_issue::tile, [&](std::int64_t t) { return block_->tiles_done(t); },
        [&](std::int64_t t) { return block_->next_done_ps(t); });
    await_end(*block_, job.product.name, r);
}

void host_cpu::execute(const vector_job& job, std::int64_t, task_result& r) {
    vectors_->load(job);
    command(vectors_address_ + vector_unit::command_offset, 1);
    await_end(*vectors_, job.work.name, r);
}

void host_cpu::execute(const blocked_job& job, std::int64_t execution, task_result& r) {
    auto now = job;
    for (std::size_t t = 0; t < 3; ++t)
        now.base_address[t] += static_cast<std::uint64_t>(execution) * job.repeat_bytes[t];
    units_->load(now);
    give_commands(
        block_address_ + dispatcher::command_offset, dispatcher::blocks(job), machine_.host.issue == host_issue::block,
        [&](std::int64_t t) { return units_->done(t); }, [](std::int64_t) { return std::int64_t{-1}; });
    await_end(*units_, job.product.name, r);
}

void host_cpu::execute(const spread_job& job, std::int64_t, task_result& r) {
    units_->load(job);
    command(block_address_ + dispatcher::command_offset, 1);
    await_end(*units_, job.work.name, r);
}

void host_cpu::run() {
    double spent_pj = ledger_.total_pj();
    for (const auto& task : tasks_) {
        task_result r;
        r.begin_ps = times_.now_ps();
        for (std::int64_t i = 0; i < task.count; ++i)
            std::visit([&](const auto& work) { execute(work, i, r); }, task.work);
        r.end_ps = times_.now_ps();
        const double total_pj = ledger_.total_pj();
        r.energy_pj = total_pj - spent_pj;
        spent_pj = total_pj;
        results_.push_back(r);
    }
    if (end_) end_();
}

std::string host_cpu::waiting_for() const { return waits_for_; }

void host_cpu::report(statistics& s) const {
    const std::string prefix = std::string(basename()) + ".";
    s.add(prefix + "commands", static_cast<double>(commands_), "count", "commands given");
    s.add(prefix + "busy_ps", static_cast<double>(busy_ps_), "ps", "time spent on commands");
}

} // namespace cimtlm
