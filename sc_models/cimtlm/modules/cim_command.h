#pragma once
/// Commands of the CiM device: what a descriptor says, and what is wrong with it.
#include <cimtlm/modules/matrix_data.h>

#include <cim_registers.h>

#include <array>
#include <cstdint>
#include <vector>

namespace cimtlm {

/// The words of a descriptor, see cim_registers.h.
using cim_descriptor = std::array<std::uint32_t, CIM_DESCRIPTOR_WORDS>;

/// A matrix as a command names it.
struct cim_operand {
    std::uint64_t address = 0;
    std::uint32_t row_bytes = 0; ///< from one row to the next
    bool local = false;          ///< the address is an offset in the activation memory

    /// Where the device's memories begin among the addresses of system memory, which end there.
    static constexpr std::uint64_t local_address = std::uint64_t{1} << 63;
    std::uint64_t place() const { return local ? local_address + address : address; }
};

/// Bytes of a matrix: `rows` times `width` every `row_bytes`.
struct cim_region {
    std::uint64_t address = 0, rows = 0, row_bytes = 0, width = 0;
};

/// What a device can do; a command beyond it is refused.
struct cim_limits {
    std::int64_t max_m = 0, max_n = 0, max_k = 0;
    std::int64_t arrays = 0;
    std::int64_t activation_bytes = 0;
    bool dma = true;
    static constexpr std::uint64_t system_bytes = cim_operand::local_address; ///< what a DMA reaches
};

/// A descriptor, read.
struct cim_command {
    std::uint32_t kind = 0; ///< CIM_COMMAND_*
    bool interrupt = false;
    std::uint32_t mode = 0; ///< CIM_MODE_*
    std::int64_t m = 0, n = 0, k = 0;
    int a_bits = 0, b_bits = 0, z_bits = 0;
    cim_operand a, b, z, c;
    bool held = false;       ///< B is in the arrays
    bool accumulate = false; ///< sums begin with C
    bool workspace = false;  ///< sums may be kept at C
    std::int64_t first_array = 0;
    std::int64_t arrays = 0; ///< above 0 once read
    matrix_arithmetic arithmetic;

    /// CIM_ERROR_NONE, or what is wrong with these words on a device with these limits; `address` is then the address
    /// at fault, or 0.
    std::uint32_t read(const cim_descriptor& words, const cim_limits& limits, std::uint64_t& address);

    /// What a product reads and writes; no rows where there is nothing.
    std::vector<cim_region> reads() const;
    std::vector<cim_region> writes() const;

private:
    std::uint32_t read_product(const cim_descriptor& words, const cim_limits& limits, std::uint64_t& address);
};

} // namespace cimtlm
