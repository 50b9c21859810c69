#include <platforms/builder/chip_platform.h>

#include <platforms/builder/platform.h>

#include <cimtlm/base/error.h>

#include <algorithm>
#include <cmath>
#include <map>

namespace cimtlm {

namespace {
constexpr std::uint64_t dispatcher_address = memory_system::address_bytes;

blocked_job job_of(const planned_task& task, std::uint64_t partial_address) {
    const auto& chip = *task.chip;
    blocked_job job;
    job.product = chip.work.product;
    job.grid = chip.grid;
    job.nest = task.nest.get();
    job.group = chip.group;
    job.resident = task.resident;
    job.first_unit = chip.first_unit;
    job.base_address = chip.place.base_address;
    job.repeat_bytes = chip.place.repeat_bytes;
    job.partial_address = partial_address;
    job.a_row_bytes = placement::a_row_bytes(task.product());
    job.epilogue_operations = chip.work.epilogue_operations;
    job.epilogue_read_bytes = chip.work.epilogue_read_bytes;
    job.epilogue_address = chip.place.older_address;
    return job;
}

/// Adds up the statistics of equal parts: "sm.0.cim.tiles" and its like under "cim.tiles".
void merge(statistics& into, const std::vector<statistics>& parts) {
    std::map<std::string, double> sums;
    std::vector<statistics::entry> order;
    for (const auto& part : parts)
        for (const auto& e : part.entries()) {
            const auto [at, fresh] = sums.try_emplace(e.name, 0);
            at->second += e.value;
            if (fresh) order.push_back(e);
        }
    for (const auto& e : order) into.add(e.name, sums[e.name], e.unit, e.description);
}
} // namespace

processing_unit::processing_unit(const sc_core::sc_module_name& name, const unit_group& group, const cost_model& cost,
                                 ledger& energy)
    : sc_module(name)
    , block_(group.engine.c_str(), cost, energy)
    , control_("control") {
    control_.bind(block_.ctrl());
    const auto& m = group.unit_machine;
    for (std::size_t i = 1; i < m.memories.size() && m.memories[i].kind == memory_kind::sram; ++i) {
        staging_.push_back(
            std::make_unique<scratchpad<64>>(m.memories[i].name.c_str(), m.memories[i], m.cycle_ps(), energy));
        block_.near[i - 1].bind(staging_.back()->in);
    }
}

chip_platform::chip_platform(const machine& m, const cost_model& cost, const plan& p,
                             const std::vector<tlm::tlm_initiator_socket<64>*>& guests)
    : machine_(m)
    , cost_(cost)
    , plan_(p) {
    const auto& groups = p.chip->groups();
    const auto vectors = static_cast<unsigned>(m.dispatcher->units);
    auto initiators = vectors + 1 + static_cast<unsigned>(guests.size());
    for (const auto& g : groups) initiators += static_cast<unsigned>(g.units);
    shared_ = std::make_unique<memory_system>(m, energy_, initiators, 1);
    unsigned next = 0;
    std::vector<std::vector<compute_block*>> blocks;
    for (std::size_t g = 0; g < groups.size(); ++g) {
        groups_.emplace_back();
        blocks.emplace_back();
        for (std::int64_t u = 0; u < groups[g].units; ++u) {
            // Groups may share a name of units; the engine tells them apart.
            const auto name = groups[g].unit + "_" + groups[g].engine + "_" + std::to_string(u);
            groups_[g].push_back(
                std::make_unique<processing_unit>(name.c_str(), groups[g], p.chip->cost(g).unit(), energy_));
            shared_->bind(next++, groups_[g].back()->mem());
            blocks[g].push_back(&groups_[g].back()->block());
        }
    }
    std::vector<vector_unit*> lanes;
    for (unsigned v = 0; v < vectors; ++v) {
        lanes_.push_back(std::make_unique<vector_lanes>(("lanes_" + std::to_string(v)).c_str(), m, energy_));
        shared_->bind(next++, lanes_.back()->vectors.mem);
        lanes.push_back(&lanes_.back()->vectors);
    }
    dispatcher_ = std::make_unique<dispatcher>("dispatcher", m, blocks, lanes);
    shared_->map_window(0, dispatcher_->ctrl(), dispatcher_address, dispatcher::window_bytes);
    host_ = std::make_unique<host_cpu>("host", m, energy_, *dispatcher_, dispatcher_address);
    shared_->bind(next++, host_->mem);
    for (auto* guest : guests) shared_->bind(next++, *guest);
    host_->on_end([] { sc_core::sc_pause(); }); // guests may have more to do
    dispatcher_->on_group([this](std::optional<std::size_t> group) { return prepare_cache(group); });
}

// Ways that compute on demand cache while other units work.
std::int64_t chip_platform::prepare_cache(std::optional<std::size_t> group) {
    auto* cache = shared_->shared_cache();
    if (!cache) return 0;
    const auto& c = *machine_.memories[1].cache;
    if (!c.compute_on_demand) return 0;
    const bool computes = group && plan_.chip->groups()[*group].in_cache;
    return cache->set_compute_ways(computes ? c.compute_ways : 0);
}

std::string chip_platform::who_waits() const {
    std::string text = "nothing moves any more at " + std::to_string(time_base().now_ps()) + " ps, " +
                       std::to_string(host_->results().size()) + " tasks are done:";
    const auto tell = [&](const std::string& name, const activity& module) {
        const auto reason = module.waiting_for();
        if (!reason.empty()) text += "\n  " + name + " waits for " + reason;
    };
    tell("host", *host_);
    tell("dispatcher", *dispatcher_);
    for (const auto& group : groups_)
        for (const auto& u : group) tell(u->name(), u->block());
    for (const auto& l : lanes_) tell(l->name(), l->vectors);
    for (const auto& [name, module] : shared_->activities()) tell(name, *module);
    return text;
}

run_results chip_platform::run(const std::function<bool(std::int64_t)>& keep_on) {
    std::vector<host_task> tasks;
    for (const auto& task : plan_.tasks) {
        if (task.is_product())
            tasks.push_back({job_of(task, plan_.partial_address), task.count()});
        else
            tasks.push_back({task.chip->spread, task.chip->fused ? 0 : task.count()});
    }
    host_->assign(std::move(tasks));
    if (!simulate(*host_, keep_on, [this] { return who_waits(); })) return {};

    auto r = measured(*host_, plan_, convention::like_for_like, stall::imbalance);
    r.energy.add(energy_);
    r.traffic.resize(machine_.memories.size());
    const auto add = [](access_bytes& to, const access_bytes& from) {
        to.read += from.read;
        to.update += from.update;
        to.fill += from.fill;
    };
    for (std::size_t level = 0; level < shared_->levels(); ++level)
        for (int t = 0; t < operand_tags; ++t)
            add(r.traffic[level][static_cast<std::size_t>(t)], shared_->traffic(level, t));
    std::vector<statistics> parts;
    for (std::size_t g = 0; g < groups_.size(); ++g) {
        const auto& group = plan_.chip->groups()[g];
        for (const auto& u : groups_[g]) {
            for (std::size_t i = 1; i < group.unit_machine.memories.size(); ++i) {
                auto& level = r.traffic[group.chip_memory(i)];
                for (std::size_t t = 0; t < 3; ++t) add(level[t], u->block().inner_bytes()[i][t]);
                if (i > u->staging().size()) continue;
                const auto& memory = *u->staging()[i - 1];
                for (int t = 0; t < operand_tags; ++t) {
                    const auto bytes = [&](transfer_kind k) { return static_cast<std::int64_t>(memory.bytes(t, k)); };
                    add(level[static_cast<std::size_t>(t)],
                        {bytes(transfer_kind::read), bytes(transfer_kind::update), bytes(transfer_kind::fill)});
                }
            }
            parts.emplace_back();
            u->block().report(parts.back());
            for (const auto& s : u->staging()) s->report(parts.back());
        }
    }
    host_->report(r.details);
    dispatcher_->report(r.details);
    merge(r.details, parts);
    parts.assign(lanes_.size(), {});
    for (std::size_t v = 0; v < lanes_.size(); ++v) lanes_[v]->vectors.report(parts[v]);
    merge(r.details, parts);
    shared_->report(r.details);
    complete(r, plan_, cost_);
    return r;
}

} // namespace cimtlm
