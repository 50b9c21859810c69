#pragma once
/// What the units of a machine share, as SystemC modules: crossbar, cache, DRAM.
#include <cimtlm/base/ledger.h>
#include <cimtlm/base/statistics.h>
#include <cimtlm/machine/machine.h>
#include <cimtlm/mapping/access_counts.h>
#include <cimtlm/modules/bus.h>
#include <cimtlm/modules/cache.h>
#include <cimtlm/modules/dram.h>
#include <cimtlm/tlm/activity.h>

#include <tlm>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace cimtlm {

/// The shared memories of a machine (machine::shared_memories()), each under the name of its level, behind machine.bus,
/// called "bus". DRAM lies from address 0 on; a cache in front of it covers all of it.
///
/// A cache of several partitions has one socket a partition, and the crossbar an output to each: an initiator enters
/// the cache where it stands, reads what that partition holds at the near latency and the rest at the far one. Unless
/// told otherwise, initiator i stands at partition i modulo partitions: any few units that follow one another in the
/// dispatcher's order are spread over all partitions.
class memory_system {
public:
    /// DRAM without a bound ends here; control windows lie above.
    static constexpr std::uint64_t address_bytes = std::uint64_t{1} << 62;

    /// `initiators` inputs and `windows` outputs for control registers, all to be bound.
    /// `energy` outlives this, `m` need not. Throws input_error for parameters that make no sense.
    memory_system(const machine& m, ledger& energy, unsigned initiators, unsigned windows = 0);

    /// Leads `socket` into input `initiator`; where it stands: see above.
    void bind(unsigned initiator, tlm::tlm_initiator_socket<64>& socket);
    /// The same, standing at `partition`.
    void bind(unsigned initiator, tlm::tlm_initiator_socket<64>& socket, unsigned partition);
    /// Leads `size_bytes` from `address`, above DRAM, to `target`, which sees addresses from 0.
    void map_window(unsigned window, tlm::tlm_target_socket<64>& target, std::uint64_t address,
                    std::uint64_t size_bytes);

    /// Partitions of the cache; 1 without one.
    unsigned partitions() const;
    /// Bytes from address 0 that are memory.
    std::uint64_t memory_bytes() const { return memory_bytes_; }
    /// Shared levels; level i is machine::memories[i].
    std::size_t levels() const { return cache_ ? 2 : 1; }
    /// Bytes of a level for one operand_tag so far, each at the price of its kind: of a cache, `read` holds what was
    /// written back, too, and `fill` what was fetched.
    access_bytes traffic(std::size_t level, int operand) const;

    bus<64>& crossbar() { return crossbar_; }
    const bus<64>& crossbar() const { return crossbar_; }
    /// Null without one.
    cache<64>* shared_cache() { return cache_.get(); }
    const cache<64>* shared_cache() const { return cache_.get(); }
    const dram<64>& main_memory() const { return dram_; }

    void report(statistics& s) const;
    /// Who can hold work, by name: for the report of a standstill.
    std::vector<std::pair<std::string, const activity*>> activities() const;

private:
    std::string dram_name_, cache_name_;
    std::uint64_t memory_bytes_;
    dram<64> dram_;
    std::unique_ptr<cache<64>> cache_;
    bus<64> crossbar_;
};

} // namespace cimtlm
