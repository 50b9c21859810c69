#pragma once
/// RISC-V executables: what is loaded where, and the names of addresses.
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace cimtlm {

/// An address as messages have it: "0x80000000".
std::string address_text(std::uint64_t address);

/// A static executable for RV64 (ELF of 64 bits, little endian, EM_RISCV, ET_EXEC) in memory.
class elf_file {
public:
    /// A PT_LOAD segment that takes room. Bytes from file_bytes up to memory_bytes are 0.
    struct segment {
        std::uint64_t address;      ///< physical: where it is loaded
        const unsigned char* bytes; ///< of the elf_file, and as long-lived
        std::uint64_t file_bytes;   ///< at `bytes`
        std::uint64_t memory_bytes; ///< at least file_bytes, at least 1
        std::uint64_t last() const { return address + (memory_bytes - 1); }
    };

    /// Reads a file. Throws input_error with its name when it cannot be read and as the constructor does.
    static elf_file read(const std::string& file);
    /// `name` is how messages call it. Throws input_error "NAME: ..." for what is malformed or of another kind: cut
    /// short, another class, machine or type, parts outside the file, segments that overlap or wrap around, an entry
    /// point outside them, a damaged symbol table.
    elf_file(std::vector<unsigned char> bytes, std::string name);
    elf_file(const elf_file&) = delete;
    elf_file& operator=(const elf_file&) = delete;
    elf_file(elf_file&&) = default;
    elf_file& operator=(elf_file&&) = default;

    /// Address of the first instruction.
    std::uint64_t entry() const { return entry_; }
    /// By ascending address.
    const std::vector<segment>& segments() const { return segments_; }
    /// Throws input_error unless all segments lie in `bytes` from `begin` on.
    void require_in(std::uint64_t begin, std::uint64_t bytes) const;
    /// "function + 0x12" for an address in a function or behind a label of code, "function" for its first, "" where
    /// nothing is known. Virtual addresses, as a program counter holds them.
    std::string symbol(std::uint64_t address) const;

private:
    struct named_address {
        std::uint64_t address, bytes; // 0 bytes: up to the next
        std::size_t name;             // in the file, ended by a 0
    };

    [[noreturn]] void fail(const std::string& what) const;
    template <class T> T get(std::uint64_t offset, const char* what) const;
    void require_in_file(std::uint64_t offset, std::uint64_t bytes, const std::string& what) const;
    void read_segments(std::uint64_t table, unsigned count);
    void read_symbols(std::uint64_t table, unsigned count);

    std::vector<unsigned char> data_;
    std::string name_;
    std::uint64_t entry_ = 0;
    std::vector<segment> segments_;
    std::vector<named_address> symbols_; // by ascending address
};

} // namespace cimtlm
