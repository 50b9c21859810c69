#pragma once
/// Bytes of a memory that carries data: pages come into being when they are written.
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <unordered_map>

namespace cimtlm {

/// Sparse storage in pages of 4 KiB over the whole 64-bit address space. What was never written reads as 0.
/// Ranges must not pass the end of the address space.
class storage {
public:
    static constexpr std::uint64_t page_bytes = 4096;

    void read(std::uint64_t address, unsigned char* to, std::uint64_t bytes) const;
    void write(std::uint64_t address, const unsigned char* from, std::uint64_t bytes);
    /// The page that holds `address`, made if missing; stays where it is. For direct memory access.
    unsigned char* page(std::uint64_t address);
    /// Pages in being.
    std::size_t pages() const { return pages_.size(); }

private:
    using page_type = std::array<unsigned char, page_bytes>;
    std::unordered_map<std::uint64_t, std::unique_ptr<page_type>> pages_;
};

} // namespace cimtlm
