#include <cimtlm/tlm/access_check.h>

#include <cimtlm/tlm/transfer_extension.h>

#include <limits>

namespace cimtlm {

bool in_range(std::uint64_t address, std::uint64_t length, std::uint64_t base_address, std::uint64_t size_bytes) {
    if (length == 0 || address < base_address) return false;
    const std::uint64_t offset = address - base_address;
    // The last valid offset, so that a range up to the end of the address space needs no 65th bit.
    const std::uint64_t last_to_end = std::numeric_limits<std::uint64_t>::max() - base_address;
    const std::uint64_t last = size_bytes == 0 || size_bytes - 1 > last_to_end ? last_to_end : size_bytes - 1;
    return offset <= last && length - 1 <= last - offset;
}

std::uint64_t footprint_bytes(std::uint64_t length, std::uint64_t segment_bytes, std::uint64_t stride_bytes) {
    if (segment_bytes == 0 || stride_bytes <= segment_bytes || length <= segment_bytes) return length;
    const std::uint64_t strides = (length - 1) / segment_bytes;
    const std::uint64_t rest = length - strides * segment_bytes;
    if (strides > (std::numeric_limits<std::uint64_t>::max() - rest) / stride_bytes)
        return std::numeric_limits<std::uint64_t>::max();
    return strides * stride_bytes + rest;
}

std::uint64_t footprint_bytes(const tlm::tlm_generic_payload& payload) {
    const transfer_extension* e = nullptr;
    payload.get_extension(e);
    const std::uint64_t length = payload.get_data_length();
    return e ? footprint_bytes(length, e->segment_bytes, e->stride_bytes) : length;
}

tlm::tlm_response_status check_access(const tlm::tlm_generic_payload& payload, const access_rules& rules) {
    switch (payload.get_command()) {
    case tlm::TLM_IGNORE_COMMAND:
        return tlm::TLM_OK_RESPONSE;
    case tlm::TLM_READ_COMMAND:
        if (!rules.readable) return tlm::TLM_COMMAND_ERROR_RESPONSE;
        break;
    case tlm::TLM_WRITE_COMMAND:
        if (!rules.writable) return tlm::TLM_COMMAND_ERROR_RESPONSE;
        break;
    default:
        return tlm::TLM_COMMAND_ERROR_RESPONSE;
    }
    const std::uint64_t length = payload.get_data_length();
    const std::uint64_t width = payload.get_streaming_width();
    if (length == 0 || (width != 0 && width < length)) return tlm::TLM_BURST_ERROR_RESPONSE;
    if (payload.get_byte_enable_ptr() != nullptr && (!rules.byte_enables || payload.get_byte_enable_length() == 0))
        return tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE;
    if (!in_range(payload.get_address(), footprint_bytes(payload), rules.base_address, rules.size_bytes))
        return tlm::TLM_ADDRESS_ERROR_RESPONSE;
    if (rules.needs_data && payload.get_data_ptr() == nullptr) return tlm::TLM_GENERIC_ERROR_RESPONSE;
    return tlm::TLM_OK_RESPONSE;
}

} // namespace cimtlm
