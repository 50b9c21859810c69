#pragma once
/// Bytes of a memory that carries data: room comes into being when it is written.
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <unordered_map>

namespace cimtlm {

/// Whether a memory keeps bytes, and how.
enum class data_kept {
    none,
    pages,     ///< what is written, page by page, wherever it is
    contiguous ///< in one block of the host's address space, for direct access to the whole at once
};

/// Sparse storage in pages of 4 KiB over the whole 64-bit address space, of which the first bytes may lie in one block.
/// What was never written reads as 0. Ranges must not pass the end of the address space.
class storage {
public:
    static constexpr std::uint64_t page_bytes = 4096;

    storage() = default;
    /// Addresses 0 to `block_bytes` - 1, rounded up to whole pages, lie in one block, which takes room as it is
    /// written. Throws environment_error when the host has no address space for it.
    explicit storage(std::uint64_t block_bytes);

    void read(std::uint64_t address, unsigned char* to, std::uint64_t bytes) const;
    void write(std::uint64_t address, const unsigned char* from, std::uint64_t bytes);
    /// The page that holds `address`, made if missing; stays where it is. For direct memory access.
    unsigned char* page(std::uint64_t address);
    /// The block, aligned to pages; stays where it is. Null without one.
    unsigned char* block() { return block_.get(); }
    std::uint64_t block_bytes() const { return block_ ? block_.get_deleter().bytes : 0; }
    /// Pages in being outside the block.
    std::size_t pages() const { return pages_.size(); }

private:
    using page_type = std::array<unsigned char, page_bytes>;
    struct unmap {
        std::uint64_t bytes;
        void operator()(unsigned char* block) const;
    };
    std::uint64_t piece(std::uint64_t address, std::uint64_t bytes) const;

    std::unique_ptr<unsigned char, unmap> block_;
    std::unordered_map<std::uint64_t, std::unique_ptr<page_type>> pages_;
};

} // namespace cimtlm
