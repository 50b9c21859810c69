#include <cimtlm/tlm/storage.h>

#include <cimtlm/base/error.h>

#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>
#include <string>

namespace cimtlm {

namespace {

unsigned char* map(std::uint64_t bytes) {
    void* const at = mmap(nullptr, static_cast<std::size_t>(bytes), PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED)
        throw environment_error("no room for a memory of " + std::to_string(bytes) + " bytes: " + std::strerror(errno));
    return static_cast<unsigned char*>(at);
}

} // namespace

void storage::unmap::operator()(unsigned char* block) const { munmap(block, static_cast<std::size_t>(bytes)); }

storage::storage(std::uint64_t block_bytes) {
    if (block_bytes == 0) return;
    const auto whole = block_bytes - 1 - (block_bytes - 1) % page_bytes; // and one page, which must not overflow
    if (whole > std::numeric_limits<std::size_t>::max() - page_bytes)
        throw environment_error("no room for a memory of " + std::to_string(block_bytes) + " bytes");
    block_ = {map(whole + page_bytes), unmap{whole + page_bytes}};
}

// Of `bytes` from `address` on those that lie in one piece.
std::uint64_t storage::piece(std::uint64_t address, std::uint64_t bytes) const {
    const auto block = block_bytes();
    return std::min(bytes, address < block ? block - address : page_bytes - address % page_bytes);
}

void storage::read(std::uint64_t address, unsigned char* to, std::uint64_t bytes) const {
    while (bytes > 0) {
        const std::uint64_t n = piece(address, bytes);
        if (address < block_bytes()) {
            std::memcpy(to, block_.get() + address, n);
        } else {
            const auto found = pages_.find(address / page_bytes);
            if (found == pages_.end())
                std::memset(to, 0, n);
            else
                std::memcpy(to, found->second->data() + address % page_bytes, n);
        }
        address += n;
        to += n;
        bytes -= n;
    }
}

void storage::write(std::uint64_t address, const unsigned char* from, std::uint64_t bytes) {
    while (bytes > 0) {
        const std::uint64_t n = piece(address, bytes);
        std::memcpy(address < block_bytes() ? block_.get() + address : page(address) + address % page_bytes, from, n);
        address += n;
        from += n;
        bytes -= n;
    }
}

unsigned char* storage::page(std::uint64_t address) {
    if (address < block_bytes()) return block_.get() + address / page_bytes * page_bytes;
    auto& p = pages_[address / page_bytes];
    if (!p) p = std::make_unique<page_type>(); // zeroed
    return p->data();
}

} // namespace cimtlm
