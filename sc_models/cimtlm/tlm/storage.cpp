#include <cimtlm/tlm/storage.h>

#include <algorithm>
#include <cstring>

namespace cimtlm {

void storage::read(std::uint64_t address, unsigned char* to, std::uint64_t bytes) const {
    while (bytes > 0) {
        const std::uint64_t offset = address % page_bytes;
        const std::uint64_t n = std::min(bytes, page_bytes - offset);
        const auto found = pages_.find(address / page_bytes);
        if (found == pages_.end())
            std::memset(to, 0, n);
        else
            std::memcpy(to, found->second->data() + offset, n);
        address += n;
        to += n;
        bytes -= n;
    }
}

void storage::write(std::uint64_t address, const unsigned char* from, std::uint64_t bytes) {
    while (bytes > 0) {
        const std::uint64_t offset = address % page_bytes;
        const std::uint64_t n = std::min(bytes, page_bytes - offset);
        std::memcpy(page(address) + offset, from, n);
        address += n;
        from += n;
        bytes -= n;
    }
}

unsigned char* storage::page(std::uint64_t address) {
    auto& p = pages_[address / page_bytes];
    if (!p) p = std::make_unique<page_type>(); // zeroed
    return p->data();
}

} // namespace cimtlm
