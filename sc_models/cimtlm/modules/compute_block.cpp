#include <cimtlm/modules/compute_block.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace cimtlm {

namespace {
constexpr std::int64_t all_tiles = std::int64_t{1} << 62;

std::size_t staging_count(const machine& m) {
    std::size_t count = 0;
    for (std::size_t i = 1; i < m.memories.size(); ++i) count += m.memories[i].on_interconnect() ? 1 : 0;
    return count;
}

std::int64_t room_of(const memory_level& level) {
    return level.capacity_bytes > 0 ? level.capacity_bytes : std::numeric_limits<std::int64_t>::max() / 4;
}
} // namespace

compute_block::compute_block(const sc_core::sc_module_name& name, const cost_model& cost, ledger& energy)
    : sc_module(name)
    , mem("mem")
    , near("near", staging_count(cost.target()))
    , cost_(cost)
    , machine_(cost.target())
    , registers_("ctrl", window_bytes, std::llround(machine_.cycle_ps()))
    , kernel_("processes")
    , mem_port_(mem, 0, &kernel_)
    , pipeline_(kernel_, machine_.dma.arbitration_bytes)
    , ledger_(energy)
    , inner_bytes_(machine_.memories.size()) {
    for (const auto& level : machine_.memories) room_bytes_.push_back(room_of(level));
    for (auto& socket : near) near_ports_.push_back(std::make_unique<initiator_port<64>>(socket, 0, &kernel_));
    registers_.add(command_offset, {{}, [this](std::uint32_t count, std::int64_t time_ps) {
                                        commands_.add(time_ps, count == UINT32_MAX ? all_tiles : count);
                                        command_event_.notify();
                                    }});
    registers_.add(done_offset,
                   {[this](std::int64_t time_ps) { return static_cast<std::uint32_t>(done_.at(time_ps)); }, {}});
    registers_.add_scratch(scratch_offset);
    registers_.add(status_offset, {[this](std::int64_t) { return running() ? 1u : 0u; }, {}});
    nominal_macs_ = macs_of({});
    padding_account_ = ledger_.open(cost_.mac_part(), "padding", "MAC", cost_.mac_pj());
    if (machine_.tensor_core && machine_.tensor_core->issue_energy_pj > 0)
        issue_account_ = ledger_.open("tensor_core", "issue", "MAC", machine_.tensor_core->issue_energy_pj);
    if (cost_.counted() != convention::published && cost_.matrix_engine().overhead_pj() > 0)
        overhead_account_ = ledger_.open(cost_.mac_part(), "overhead", "MAC", cost_.matrix_engine().overhead_pj());
    if (machine_.cim) {
        write_account_ = ledger_.open("weight_write", "write", "byte", cost_.matrix_engine().write_pj_per_byte());
        merge_account_ = ledger_.open("addition", "merge", "addition", machine_.cim->addition_energy_pj);
        bank_account_ = ledger_.open("addition", "banks", "addition", machine_.cim->addition_energy_pj);
    }
    for (std::size_t i = 0; i < machine_.memories.size(); ++i) {
        const auto& level = machine_.memories[i];
        inner_accounts_.push_back({});
        if (level.on_interconnect()) continue;
        inner_accounts_[i] = {ledger_.open(level.name, "read", "byte", level.read_energy_pj_per_byte),
                              ledger_.open(level.name, "update", "byte", level.update_energy_pj_per_byte),
                              ledger_.open(level.name, "fill", "byte", level.fill_energy_pj_per_byte)};
    }
    for (auto process : {&compute_block::load_tiles, &compute_block::compute_tiles, &compute_block::store_results,
                         &compute_block::retire_jobs})
        kernel_.spawn([this, process] { (this->*process)(); });
}

void compute_block::load(const matrix_job& job) {
    if (!can_load()) SC_REPORT_FATAL("/cimtlm/compute_block", "a job is loaded while another one waits");
    if (jobs_.empty()) begin_stretch();
    auto& active = jobs_.emplace_back();
    active.given = job;
    active.whole = job.whole == extents{0, 0, 0} ? extents_of(job.product) : job.whole;
    active.macs = job.product.statistics ? macs_of(job.product) : nominal_macs_;
    active.slices = cost_.slices_of(job.product);
    active.input_slices = cost_.matrix_engine().input_slices(job.product.bits.a);
    active.banks = banks_used(*job.nest);
    active.flows.reserve(job.nest->boundaries.size());
    for (const auto& b : job.nest->boundaries) active.flows.push_back(flow_of(active, b));
    if ((job.epilogue_operations > 0 || job.epilogue_read_bytes > 0) && !lanes_account_) {
        if (!(machine_.vector_unit.operations_per_cycle > 0))
            SC_REPORT_FATAL("/cimtlm/compute_block", "an epilogue needs vector_unit.operations_per_cycle above 0");
        lanes_account_ =
            ledger_.open("vector_unit", "operation", "operation", machine_.vector_unit.operation_energy_pj);
    }
    handed_ = &active;
    loadable_ = false;
    job_event_.notify();
}

void compute_block::begin_stretch() {
    commands_.reset();
    done_.reset();
    commands_used_ = tiles_taken_ = tiles_scheduled_ = 0;
    pipeline_.start();
    result_ = {};
    result_.begin_ps = kernel_.now_ps();
}

void compute_block::end_stretch() {
    release_computed();
    for (std::size_t i = 0; i < room_bytes_.size(); ++i)
        if (room_bytes_[i] != room_of(machine_.memories[i]))
            SC_REPORT_FATAL("/cimtlm/compute_block", "a region is still held when all jobs are finished");
    result_.end_ps = kernel_.now_ps();
    result_.computed_ps = pipeline_.computed_ps();
    result_.tiles = tiles_scheduled_;
    result_.waits = pipeline_.stalls();
    result_.waits.add(stall::drain, result_.end_ps - pipeline_.end_ps());
    busy_ps_ += result_.computed_ps;
}

// Jobs whose results are all stored are finished, in the order in which they came.
void compute_block::retire() {
    while (running()) {
        const auto& oldest = jobs_.front();
        if (oldest.streamed_ps < 0 || oldest.leaving > 0) return;
        if (oldest.streamed_ps > kernel_.now_ps()) {
            retire_event_.notify_at(oldest.streamed_ps);
            return;
        }
        const auto number = oldest.given.number;
        jobs_.pop_front();
        ++jobs_finished_;
        if (jobs_.empty()) end_stretch();
        if (on_finished_) on_finished_(number);
    }
    if (progress_) progress_();
}

void compute_block::retire_jobs() {
    while (true) {
        kernel_.wait(retire_event_);
        retire();
    }
}

void compute_block::on_failure(std::function<bool(const transfer_request&)> listener) {
    mem_port_.on_failure([this, listener = std::move(listener)](const transfer_request& failed) {
        if (listener(failed)) return;
        while (true) kernel_.wait(never_);
    });
}

void compute_block::abort() {
    jobs_.clear();
    handed_ = unsent_ = nullptr;
    loadable_ = true;
    for (std::size_t i = 0; i < room_bytes_.size(); ++i) room_bytes_[i] = room_of(machine_.memories[i]);
    for (auto& t : loaded_) t = {};
    streams_.clear();
    leaving_.clear();
    pending_.clear();
    in_registers_ = 0;
    lanes_free_ps_ = 0;
    loader_waits_ = loader_waits_at_ = sequencer_waits_ = {};
}

initiator_port<64>& compute_block::port_of(int memory) {
    if (memory == 0) return mem_port_;
    return *near_ports_.at(static_cast<std::size_t>(memory - 1));
}

std::string compute_block::waiting_for() const {
    if (!running()) return "";
    std::string text;
    if (!loader_waits_.empty()) {
        text += "loader waits for ";
        text.append(loader_waits_).append(loader_waits_at_);
    }
    if (!sequencer_waits_.empty()) {
        text += text.empty() ? "sequencer waits for " : "; sequencer waits for ";
        text.append(sequencer_waits_);
    }
    return text + " (tile " + std::to_string(tiles_scheduled_) + ", " + std::to_string(commands_.at(kernel_.now_ps())) +
           " commands)";
}

void compute_block::report(statistics& s) const {
    const std::string prefix = std::string(basename()) + ".";
    s.add(prefix + "jobs", static_cast<double>(jobs_finished_), "count", "matrix products finished");
    s.add(prefix + "tiles", static_cast<double>(tiles_), "count", "tiles computed");
    s.add(prefix + "steps", static_cast<double>(steps_), "count", "steps of the engine");
    s.add(prefix + "macs", static_cast<double>(macs_), "MAC", "multiply-accumulates of the products");
    s.add(prefix + "executed_macs", static_cast<double>(executed_macs_), "MAC", "with padding");
    s.add(prefix + "weight_bytes_written", static_cast<double>(weight_bytes_), "byte", "written into arrays");
    s.add(prefix + "epilogue_operations", epilogue_operations_, "operation", "of the vector lanes on results");
    s.add(prefix + "busy_ps", static_cast<double>(busy_ps_), "ps", "time computing or writing weights");
}

} // namespace cimtlm
