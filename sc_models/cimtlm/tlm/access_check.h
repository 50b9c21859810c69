#pragma once
/// Response status of a target: what may be served and what is refused, with which status.
#include <systemc>
#include <tlm>

#include <cstdint>

namespace cimtlm {

/// What a target accepts.
struct access_rules {
    std::uint64_t base_address = 0; ///< first address as hosts send it
    std::uint64_t size_bytes = 0;   ///< 0: up to the end of the address space
    bool readable = true;
    bool writable = true;
    bool byte_enables = true; ///< false: refused with TLM_BYTE_ENABLE_ERROR_RESPONSE
    bool needs_data = false;  ///< a null data pointer is refused with TLM_GENERIC_ERROR_RESPONSE
};

/// Whether `length` > 0 bytes at `address` lie in `size_bytes` (0: to the end of the address space) from
/// `base_address`. Safe against overflow.
bool in_range(std::uint64_t address, std::uint64_t length, std::uint64_t base_address, std::uint64_t size_bytes);

/// Bytes from the first to the last touched by `length` bytes in segments of `segment_bytes` every `stride_bytes`.
/// Contiguous when segment_bytes is 0 or a stride is shorter than its segment. Saturates at 2^64 - 1.
std::uint64_t footprint_bytes(std::uint64_t length, std::uint64_t segment_bytes, std::uint64_t stride_bytes);

/// The same for a payload, with the stride of its transfer_extension.
std::uint64_t footprint_bytes(const tlm::tlm_generic_payload& payload);

/// TLM_OK_RESPONSE when `payload` may be served under `rules`. TLM_IGNORE_COMMAND is always OK and moves nothing.
/// Otherwise in this order: COMMAND (not readable, not writable, unknown command), BURST (no bytes, or
/// 0 < streaming width < length; a width of 0 means that the host did not set it), BYTE_ENABLE, ADDRESS, GENERIC (no
/// data). A transfer_extension's stride counts for the range.
tlm::tlm_response_status check_access(const tlm::tlm_generic_payload& payload, const access_rules& rules);

} // namespace cimtlm
