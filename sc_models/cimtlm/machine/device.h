#pragma once
/// What makes a machine's CiM block a device on a foreign bus, as plain structs.
#include <cimtlm/circuit/technology.h>

#include <boost/describe.hpp>

#include <cstdint>
#include <optional>

namespace cimtlm {

/// How a transfer of the block becomes transactions on the bus.
enum class dma_split {
    operand,     ///< one payload a transfer, strides in an extension: only for memories of this library
    row,         ///< one payload a row: for memories that know no strides
    aligned_pow2 ///< powers of two, naturally aligned: for memories that take nothing else (DRAM controllers, bridges)
};
BOOST_DESCRIBE_ENUM(dma_split, operand, row, aligned_pow2)

/// Which calls the DMA makes.
enum class dma_transport { blocking, non_blocking };
BOOST_DESCRIBE_ENUM(dma_transport, blocking, non_blocking)

/// The DMA of a device, towards system memory.
struct device_dma_parameters {
    dma_split split = dma_split::aligned_pow2;
    dma_transport transport = dma_transport::blocking;
    std::int64_t burst_bytes = 64; ///< largest payload; 0: not a limit
    double bytes_per_cycle = 0;    ///< through the device's port, each way; 0: not a limit
    std::int64_t outstanding = 8;  ///< payloads under way at a time, each way; 0: not a limit
};
BOOST_DESCRIBE_STRUCT(device_dma_parameters, (), (split, transport, burst_bytes, bytes_per_cycle, outstanding))

/// A memory within the device.
struct device_memory_parameters {
    std::int64_t capacity_bytes = 0;                       ///< of the weight memory it is that of the arrays: 0
    double read_bytes_per_cycle = 0;                       ///< 0: not a limit
    double write_bytes_per_cycle = 0;                      ///< likewise
    double latency_cycles = 0;                             ///< first byte, without contention
    double read_energy_pj_per_byte = 0;                    ///< pJ
    double write_energy_pj_per_byte = 0;                   ///< pJ
    std::optional<technology_point> native = std::nullopt; ///< of the energies; absent: the machine's technology
};
BOOST_DESCRIBE_STRUCT(device_memory_parameters, (),
                      (capacity_bytes, read_bytes_per_cycle, write_bytes_per_cycle, latency_cycles,
                       read_energy_pj_per_byte, write_energy_pj_per_byte, native))

/// The device around a CiM block (modules/cim_device.h).
struct device_parameters {
    std::optional<device_memory_parameters> activation_memory; ///< operands and results within the device; absent: none
    std::optional<device_memory_parameters> weight_memory;     ///< the arrays as memory; absent: ports are no limit,
                                                               ///< writing costs what the macro says, reading nothing
    std::int64_t max_m = 4096;                                 ///< largest extents of one command
    std::int64_t max_n = 4096;
    std::int64_t max_k = 4096;
    std::int64_t ring_entries = 256; ///< most commands in the ring
    std::int64_t queue = 4;          ///< commands that wait in the device
    double command_cycles = 0;       ///< from a complete descriptor to the first request
    double mode_switch_cycles = 0;   ///< from memory to compute and back
    device_dma_parameters dma;
};
BOOST_DESCRIBE_STRUCT(device_parameters, (),
                      (activation_memory, weight_memory, max_m, max_n, max_k, ring_entries, queue, command_cycles,
                       mode_switch_cycles, dma))

} // namespace cimtlm
