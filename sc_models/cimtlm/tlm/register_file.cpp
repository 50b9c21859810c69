#include <cimtlm/tlm/register_file.h>

#include <cstring>

namespace cimtlm {

void register_file::add_scratch(std::uint64_t offset, std::uint32_t& kept) {
    scratch_[offset] = &kept;
    add(offset, {[&kept](std::int64_t) { return kept; }, [&kept](std::uint32_t value, std::int64_t) { kept = value; }});
}

tlm::tlm_response_status register_file::check(const tlm::tlm_generic_payload& payload, std::uint64_t offset) const {
    const auto length = payload.get_data_length();
    if (length % 4 != 0) return tlm::TLM_BURST_ERROR_RESPONSE;
    if (offset % 4 != 0) return tlm::TLM_ADDRESS_ERROR_RESPONSE;
    for (std::uint64_t at = offset; at < offset + length; at += 4) {
        const auto found = words_.find(at);
        if (found == words_.end()) return tlm::TLM_ADDRESS_ERROR_RESPONSE;
        if (payload.is_read() ? !found->second.read : !found->second.write) return tlm::TLM_COMMAND_ERROR_RESPONSE;
    }
    return tlm::TLM_OK_RESPONSE;
}

void register_file::access(tlm::tlm_generic_payload& payload, std::uint64_t offset, std::int64_t time_ps) {
    for (unsigned i = 0; i < payload.get_data_length(); i += 4) {
        const auto& w = words_.at(offset + i);
        std::uint32_t value = 0;
        if (payload.is_read()) {
            value = w.read(time_ps);
            std::memcpy(payload.get_data_ptr() + i, &value, 4);
        } else {
            std::memcpy(&value, payload.get_data_ptr() + i, 4);
            w.write(value, time_ps);
        }
    }
}

unsigned register_file::debug(tlm::tlm_generic_payload& payload, std::uint64_t offset, std::int64_t time_ps) {
    for (unsigned i = 0; i < payload.get_data_length(); i += 4) {
        const auto scratch = scratch_.find(offset + i);
        if (payload.is_read()) {
            const std::uint32_t value = words_.at(offset + i).read(time_ps);
            std::memcpy(payload.get_data_ptr() + i, &value, 4);
        } else if (scratch != scratch_.end()) {
            std::memcpy(scratch->second, payload.get_data_ptr() + i, 4);
        }
    }
    return payload.get_data_length();
}

} // namespace cimtlm
