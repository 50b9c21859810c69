#include <cimtlm/modules/host_cpu.h>

#include <algorithm>
#include <cmath>

namespace cimtlm {

host_cpu::host_cpu(const sc_core::sc_module_name& name, const machine& m, ledger& energy, compute_block& block,
                   std::uint64_t block_address, vector_unit& vectors, std::uint64_t vectors_address)
    : sc_module(name)
    , mem("mem")
    , machine_(m)
    , block_(block)
    , vectors_(vectors)
    , block_address_(block_address)
    , vectors_address_(vectors_address)
    , port_(mem, 2)
    , ledger_(energy)
    , account_(energy.open("host", "command", "command", m.host.command_energy_pj)) {
    block_.on_progress([this] { progress_.notify(); });
    vectors_.on_progress([this] { progress_.notify(); });
    SC_THREAD(run);
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

void host_cpu::execute(const matrix_job& job, task_result& r) {
    block_.load(job);
    const bool by_tile = machine_.host.issue == host_issue::tile;
    const auto tiles = tile_sequence::count(*job.nest, job.product, machine_);
    const std::int64_t commands = by_tile ? tiles : 1;
    for (std::int64_t given = 0; given < commands; ++given) {
        waits_for_ = "a free place in the command queue";
        while (given - (by_tile ? block_.tiles_done(times_.now_ps()) : 0) >= machine_.host.queue_depth) {
            const auto next = block_.next_done_ps(times_.now_ps());
            if (next < 0)
                sc_core::wait(progress_);
            else
                sc_core::wait(times_.time(next - times_.now_ps()), progress_);
        }
        waits_for_.clear();
        command(block_address_ + compute_block::command_offset, by_tile ? 1 : UINT32_MAX);
    }
    waits_for_ = "the end of '" + job.product.name + "'";
    while (block_.running()) sc_core::wait(progress_);
    waits_for_.clear();
    add(block_.result(), r);
}

void host_cpu::execute(const vector_work& work, task_result& r) {
    vectors_.load(work);
    command(vectors_address_ + vector_unit::command_offset, 1);
    waits_for_ = "the end of '" + work.name + "'";
    while (vectors_.running()) sc_core::wait(progress_);
    waits_for_.clear();
    add(vectors_.result(), r);
}

void host_cpu::run() {
    double spent_pj = ledger_.total_pj();
    for (const auto& task : tasks_) {
        task_result r;
        r.begin_ps = times_.now_ps();
        for (std::int64_t i = 0; i < task.count; ++i)
            std::visit([&](const auto& work) { execute(work, r); }, task.work);
        r.end_ps = times_.now_ps();
        const double total_pj = ledger_.total_pj();
        r.energy_pj = total_pj - spent_pj;
        spent_pj = total_pj;
        results_.push_back(r);
    }
}

std::string host_cpu::waiting_for() const { return waits_for_; }

void host_cpu::report(statistics& s) const {
    const std::string prefix = std::string(basename()) + ".";
    s.add(prefix + "commands", static_cast<double>(commands_), "count", "commands given");
    s.add(prefix + "busy_ps", static_cast<double>(busy_ps_), "ps", "time spent on commands");
}

} // namespace cimtlm
