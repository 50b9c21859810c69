#include <platforms/builder/memory_system.h>

#include <cimtlm/base/error.h>

namespace cimtlm {

namespace {

const memory_level& dram_of(const machine& m) {
    if (m.shared_memories() == 0 || m.memories.front().kind != memory_kind::dram)
        throw input_error(m.name + ": the outermost memory must be dram");
    return m.memories.front();
}

/// Null without one.
const memory_level* cache_of(const machine& m) {
    const std::size_t shared = m.shared_memories();
    if (shared > 2) throw input_error(m.name + ": at most one cache stands between dram and the units");
    return shared == 2 ? &m.memories[1] : nullptr;
}

unsigned sides_of(const machine& m) {
    const memory_level* level = cache_of(m);
    return level != nullptr && level->cache ? static_cast<unsigned>(level->cache->partitions) : 1;
}

} // namespace

memory_system::memory_system(const machine& m, ledger& energy, unsigned initiators, unsigned windows)
    : dram_name_(dram_of(m).name)
    , cache_name_(cache_of(m) ? cache_of(m)->name : "")
    , memory_bytes_(dram_of(m).capacity_bytes > 0 ? static_cast<std::uint64_t>(dram_of(m).capacity_bytes)
                                                  : address_bytes)
    , dram_(dram_name_.c_str(), dram_of(m), m.cycle_ps(), energy)
    , crossbar_("bus", m.bus, m.cycle_ps(), energy, initiators, sides_of(m) + windows) {
    if (memory_bytes_ > address_bytes) throw input_error(dram_name_ + ": capacity_bytes is above 2^62");
    const unsigned sides = sides_of(m);
    if (const memory_level* level = cache_of(m)) {
        cache_ = std::make_unique<cache<64>>(cache_name_.c_str(), *level, m.cycle_ps(), energy, false, memory_bytes_);
        cache_->out.bind(dram_.in);
        for (unsigned i = 0; i < sides; ++i) crossbar_.out[i].bind(cache_->in[i]);
    } else {
        crossbar_.out[0].bind(dram_.in);
    }
    crossbar_.map(0, memory_bytes_, 0, true, sides);
    crossbar_.allow_multicast(0);
}

void memory_system::bind(unsigned initiator, tlm::tlm_initiator_socket<64>& socket) {
    bind(initiator, socket, initiator % partitions());
}

void memory_system::bind(unsigned initiator, tlm::tlm_initiator_socket<64>& socket, unsigned partition) {
    if (initiator >= crossbar_.in.size()) throw std::logic_error("memory_system: no input for this initiator");
    if (partition >= partitions()) throw std::logic_error("memory_system: no such partition");
    socket.bind(crossbar_.in[initiator]);
    crossbar_.set_side(initiator, partition);
}

void memory_system::map_window(unsigned window, tlm::tlm_target_socket<64>& target, std::uint64_t address,
                               std::uint64_t size_bytes) {
    const unsigned output = partitions() + window;
    crossbar_.map(address, size_bytes, output);
    crossbar_.out[output].bind(target);
}

unsigned memory_system::partitions() const { return cache_ ? static_cast<unsigned>(cache_->model().partitions()) : 1; }

access_bytes memory_system::traffic(std::size_t level, int operand) const {
    const auto of = [operand](const auto& memory) {
        const auto bytes = [&](transfer_kind kind) { return static_cast<std::int64_t>(memory.bytes(operand, kind)); };
        return access_bytes{bytes(transfer_kind::read), bytes(transfer_kind::update), bytes(transfer_kind::fill)};
    };
    if (level == 0) return of(dram_);
    access_bytes a = of(*cache_);
    const cache_model::counters& c = cache_->model().counts();
    a.read += static_cast<std::int64_t>(c.written_back_bytes[static_cast<std::size_t>(operand)]);
    a.fill += static_cast<std::int64_t>(c.fetched_bytes[static_cast<std::size_t>(operand)]);
    return a;
}

void memory_system::report(statistics& s) const {
    crossbar_.report(s);
    if (cache_) cache_->report(s);
    dram_.report(s);
}

std::vector<std::pair<std::string, const activity*>> memory_system::activities() const {
    std::vector<std::pair<std::string, const activity*>> all{{"bus", &crossbar_}};
    if (cache_) all.emplace_back(cache_name_, cache_.get());
    all.emplace_back(dram_name_, &dram_);
    return all;
}

} // namespace cimtlm
