#pragma once
/// What a machine is, as plain structs. YAML, tests and foreign simulators fill them alike.
#include <cimtlm/circuit/technology.h>
#include <cimtlm/machine/device.h>
#include <cimtlm/machine/memory.h>
#include <cimtlm/macro/composed_macro.h>
#include <cimtlm/macro/engine.h>
#include <cimtlm/macro/published_macro.h>
#include <cimtlm/macro/tensor_core.h>

#include <boost/describe.hpp>

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace cimtlm {

/// One technology a machine. Parts that state a native technology are brought to it by scaled() (machine/scaling.h).
struct technology_parameters {
    double node_nm = 0;                            ///< nm
    double supply_v = 0;                           ///< V
    double clock_mhz = 0;                          ///< MHz; a cycle of every *_per_cycle and *_cycles figure
    cimtlm::flavour flavour = cimtlm::flavour::lp; ///< kind of transistor
    bool scale_delay = false;                      ///< latencies of macros are scaled too; else they stay native

    technology_point point() const { return {node_nm, supply_v, flavour}; }
};
BOOST_DESCRIBE_STRUCT(technology_parameters, (), (node_nm, supply_v, clock_mhz, flavour, scale_delay))

BOOST_DESCRIBE_ENUM(energy_basis, mac, operation)

/// The memory, or the part of one, in whose place arrays stand at equal area (machine/iso_area.h).
struct place_parameters {
    double share = 1;                ///< part of the memory's area; of a cache compute_ways / ways say it
    double area_um2 = 0;             ///< of the memory in one unit; 0: that of the level called cim.replaces
    std::int64_t capacity_bytes = 0; ///< likewise
    std::int64_t slices = 1;         ///< of a cache, that share their place as one unit; 0: until one array fits
};
BOOST_DESCRIBE_STRUCT(place_parameters, (), (share, area_um2, capacity_bytes, slices))

/// A macro of either kind: by the numbers of a paper, or by its circuits.
using macro_parameters = std::variant<published_macro_parameters, composed_macro_parameters>;

/// CiM arrays that replace a memory, or a part of it.
struct cim_parameters {
    macro_parameters macro;
    std::int64_t count = 0; ///< arrays of a unit, in parallel; 0: as many as fit in `place`
    std::string replaces;   ///< memory whose place they take: "rf", "smem", on a machine with a dispatcher also a cache
    energy_basis mac_energy_basis = energy_basis::operation; ///< reading of a published macro.mac_energy_pj
    double addition_energy_pj = 0;                           ///< one addition of partial sums outside an array
    std::optional<technology_point> native = std::nullopt;   ///< of addition and area; absent: the machine's technology
    std::optional<place_parameters> place = std::nullopt;    ///< absent: count and the memories are as stated

    /// The macro as one of its kind. Throw std::bad_variant_access where it is of the other.
    published_macro_parameters& published() { return std::get<published_macro_parameters>(macro); }
    const published_macro_parameters& published() const { return std::get<published_macro_parameters>(macro); }
    composed_macro_parameters& composed() { return std::get<composed_macro_parameters>(macro); }
    const composed_macro_parameters& composed() const { return std::get<composed_macro_parameters>(macro); }
    bool is_composed() const { return std::holds_alternative<composed_macro_parameters>(macro); }
};
BOOST_DESCRIBE_STRUCT(cim_parameters, (), (macro, count, replaces, mac_energy_basis, addition_energy_pj, native, place))

/// Element-wise and normalising work between matrix products.
struct vector_unit_parameters {
    double operations_per_cycle = 0; ///< operations a cycle
    bool fused = true;               ///< element-wise work takes results as they leave: no traffic of its own
    double operation_energy_pj = 0;  ///< pJ an operation
    double area_um2 = 0;             ///< um2
    std::optional<technology_point> native = std::nullopt; ///< of energy and area; absent: the machine's technology
};
BOOST_DESCRIBE_STRUCT(vector_unit_parameters, (), (operations_per_cycle, fused, operation_energy_pj, area_um2, native))

/// Channels that each initiator at a bus has for itself.
struct bus_port_parameters {
    double read_bytes_per_cycle = 0;  ///< towards the initiator; 0: not a limit
    double write_bytes_per_cycle = 0; ///< from the initiator; 0: not a limit
};
BOOST_DESCRIBE_STRUCT(bus_port_parameters, (), (read_bytes_per_cycle, write_bytes_per_cycle))

/// The on-chip bus between the DRAM controller, the host and the compute block. With ports and no limit
/// of its own it is a crossbar.
struct bus_parameters {
    double bytes_per_cycle = 0;                              ///< shared by all, each way; 0: not a limit
    double latency_cycles = 0;                               ///< one way through the bus
    double energy_pj_per_byte = 0;                           ///< pJ a byte carried
    std::optional<bus_port_parameters> ports = std::nullopt; ///< absent: only what all share
    bool multicast = false; ///< one response answers all units that ask for the same bytes; only with a dispatcher
    std::optional<technology_point> native = std::nullopt; ///< of the energy; absent: the machine's technology
};
BOOST_DESCRIBE_STRUCT(bus_parameters, (),
                      (bytes_per_cycle, latency_cycles, energy_pj_per_byte, ports, multicast, native))

/// The DMA of a compute block.
struct dma_parameters {
    bool double_buffer = true;          ///< fetch the next tile's operands while the present one computes
    std::int64_t arbitration_bytes = 0; ///< a long transfer gives way to others after so many bytes
    bool packed_activations = false;    ///< activations lie in the order of the regions that move; false: row by row
};
BOOST_DESCRIBE_STRUCT(dma_parameters, (), (double_buffer, arbitration_bytes, packed_activations))

/// Cuts products into blocks and hands them to the units: everything below the shared memories (dram and caches) exists
/// once a unit, with a compute block of its own.
struct dispatcher_parameters {
    std::string unit = "sm";    ///< what a unit is called
    std::int64_t units = 1;     ///< CiM in a cache: each slice is a unit instead
    std::int64_t block_m = 128; ///< largest block of the rules for tensor cores
    std::int64_t block_n = 256; ///< likewise
    double block_cycles = 0;    ///< from handing out a block to its first request
    int partial_sum_bits = 32;  ///< of a partial sum that leaves the engine
};
BOOST_DESCRIBE_STRUCT(dispatcher_parameters, (), (unit, units, block_m, block_n, block_cycles, partial_sum_bits))

/// Who counts as a command. block: only with a dispatcher, tile: only without.
enum class host_issue { gemm, block, tile };
BOOST_DESCRIBE_ENUM(host_issue, gemm, block, tile)

/// The host CPU that issues the work.
struct host_parameters {
    host_issue issue = host_issue::tile;                   ///< one command a GEMM, a block or a tile
    double command_cycles = 0;                             ///< host time per command
    std::int64_t queue_depth = 1;                          ///< commands that the block takes ahead
    double command_energy_pj = 0;                          ///< pJ a command
    std::optional<technology_point> native = std::nullopt; ///< of the energy; absent: the machine's technology
};
BOOST_DESCRIBE_STRUCT(host_parameters, (), (issue, command_cycles, queue_depth, command_energy_pj, native))

enum class mapper_kind { rules, search };
BOOST_DESCRIBE_ENUM(mapper_kind, rules, search)
enum class mapper_objective { energy, delay, edp };
BOOST_DESCRIBE_ENUM(mapper_objective, energy, delay, edp)
/// Which dimension the rules spread over arrays: by the ratio test of the study, or its older rule, K first.
enum class bank_order { ratio, k_first };
BOOST_DESCRIBE_ENUM(bank_order, ratio, k_first)

struct mapper_parameters {
    mapper_kind kind = mapper_kind::rules;
    mapper_objective objective = mapper_objective::edp;
    cimtlm::bank_order bank_order = cimtlm::bank_order::ratio;
    double bank_threshold = 4;    ///< T of the study's rule 2
    std::int64_t rf_depth = 4;    ///< tensor core: largest factor of K accumulated below the shared memory's loops
    std::int64_t latch_reuse = 8; ///< tensor core: largest factor of N that reuses one latched input
};
BOOST_DESCRIBE_STRUCT(mapper_parameters, (), (kind, objective, bank_order, bank_threshold, rf_depth, latch_reuse))

/// A machine: memories from the outside in, matrix engines at the inner end.
struct machine {
    std::string name;
    std::string description;
    technology_parameters technology;
    std::vector<memory_level> memories;                ///< outermost first
    std::optional<cim_parameters> cim;                 ///< one of cim and tensor_core is present, or both where
    std::optional<tensor_core_parameters> tensor_core; ///< a dispatcher has tensor cores in units and CiM in a cache
    std::optional<dispatcher_parameters> dispatcher;   ///< absent: one unit, driven by the host
    vector_unit_parameters vector_unit;
    bus_parameters bus;
    dma_parameters dma;
    host_parameters host;
    mapper_parameters mapper;
    std::optional<device_parameters> device = std::nullopt; ///< of the stand-alone device; a run does not need them
    double static_power_mw = 0;                             ///< mW of the whole machine, charged over time

    double cycle_ps() const { return 1e6 / technology.clock_mhz; }
    /// The matrix engine as a model (one instance). With both, that of CiM: unit_groups() (machine/unit_group.h)
    /// tells them apart.
    std::shared_ptr<const engine> matrix_engine() const;
    /// Instances of the engine that work in parallel, in one unit.
    std::int64_t engine_count() const;
    /// MACs per picosecond of all matrix engines at their native precision, of one unit.
    double peak_macs_per_ps() const;
    /// Energy of a MAC on this machine's reading.
    double mac_pj() const;
    /// um2 of engines, memories (DRAM excluded) and vector unit, of one unit and what the units share.
    double area_um2() const;
    /// Index of the memory called `name`, or -1.
    int memory_index(const std::string& name) const;
    /// Memories that all units share: dram and caches, the first ones.
    std::size_t shared_memories() const;
    /// Checks what types cannot: exactly one engine, positive sizes and rates, unique level names, the outermost
    /// memory keeps everything. Throws input_error with `where` in front.
    void validate(const std::string& where) const;
};
BOOST_DESCRIBE_STRUCT(machine, (),
                      (name, description, technology, memories, cim, tensor_core, dispatcher, vector_unit, bus, dma,
                       host, mapper, device, static_power_mw))

} // namespace cimtlm
