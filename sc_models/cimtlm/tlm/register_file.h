#pragma once
/// Registers of 32 bits by their offset in a window, without a socket.
#include <systemc>
#include <tlm>

#include <cstdint>
#include <functional>
#include <map>

namespace cimtlm {

/// Words are aligned and 4 bytes wide; an access covers one or several whole words that exist.
class register_file {
public:
    struct word {
        /// The value at `time_ps`, which may be ahead of the kernel's time; empty: not readable.
        std::function<std::uint32_t(std::int64_t time_ps)> read;
        /// Takes effect at `time_ps`; empty: not writable.
        std::function<void(std::uint32_t value, std::int64_t time_ps)> write;
    };

    register_file() = default;
    register_file(const register_file&) = delete;
    register_file& operator=(const register_file&) = delete;

    void add(std::uint64_t offset, word w) { words_[offset] = std::move(w); }
    /// A word that keeps what is written and means nothing: for hosts that look whether someone is there.
    void add_scratch(std::uint64_t offset) { add_scratch(offset, own_[offset]); }
    /// The same in a place of the caller's, which outlives the file.
    void add_scratch(std::uint64_t offset, std::uint32_t& kept);

    /// Whether the words from `offset` on, as many as `payload` is long, may be read or written. The caller has made
    /// sure (check_access) that this is a read or a write of a range that does not overflow.
    tlm::tlm_response_status check(const tlm::tlm_generic_payload& payload, std::uint64_t offset) const;
    /// Reads or writes them, with their effects, at `time_ps`. Requires that check() is OK.
    void access(tlm::tlm_generic_payload& payload, std::uint64_t offset, std::int64_t time_ps);
    /// A debug read sees what a read at `time_ps` would and changes nothing, a debug write reaches scratch words and
    /// is without effect on the others. Returns the bytes. Requires that check() is OK.
    unsigned debug(tlm::tlm_generic_payload& payload, std::uint64_t offset, std::int64_t time_ps);

private:
    std::map<std::uint64_t, word> words_;
    std::map<std::uint64_t, std::uint32_t*> scratch_;
    std::map<std::uint64_t, std::uint32_t> own_; // references stay valid
};

} // namespace cimtlm
