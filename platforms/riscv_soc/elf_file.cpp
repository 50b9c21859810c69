#include <platforms/riscv_soc/elf_file.h>

#include <cimtlm/base/error.h>

#include <elf.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <iterator>
#include <limits>
#include <sstream>
#include <tuple>
#include <utility>

namespace cimtlm {

std::string address_text(std::uint64_t address) {
    std::ostringstream text;
    text << "0x" << std::hex << address;
    return text.str();
}

namespace {

std::string range(std::uint64_t first, std::uint64_t last) { return address_text(first) + " to " + address_text(last); }

} // namespace

elf_file elf_file::read(const std::string& file) {
    std::ifstream in(file, std::ios::binary);
    if (!in) throw input_error(file + ": cannot be opened");
    std::vector<unsigned char> bytes;
    char buffer[4096];
    while (in.read(buffer, sizeof buffer), in.gcount() > 0) bytes.insert(bytes.end(), buffer, buffer + in.gcount());
    if (in.bad() || !in.eof()) throw input_error(file + ": cannot be read");
    return elf_file(std::move(bytes), file);
}

elf_file::elf_file(std::vector<unsigned char> bytes, std::string name)
    : data_(std::move(bytes))
    , name_(std::move(name)) {
    if (data_.size() < SELFMAG || std::memcmp(data_.data(), ELFMAG, SELFMAG) != 0) fail("not an ELF file");
    const auto h = get<Elf64_Ehdr>(0, "header");
    if (h.e_ident[EI_CLASS] != ELFCLASS64) fail("not a file of 64 bits");
    if (h.e_ident[EI_DATA] != ELFDATA2LSB) fail("not little endian");
    if (h.e_ident[EI_VERSION] != EV_CURRENT || h.e_version != EV_CURRENT) fail("an unknown version of ELF");
    if (h.e_machine != EM_RISCV) fail("made for machine " + std::to_string(h.e_machine) + ", not for RISC-V");
    if (h.e_type != ET_EXEC) fail("no executable with fixed addresses (type " + std::to_string(h.e_type) + ")");
    if (h.e_phnum != 0 && h.e_phentsize != sizeof(Elf64_Phdr)) fail("program headers of a wrong size");
    if (h.e_phnum == PN_XNUM) fail("too many program headers");
    if (h.e_shnum != 0 && h.e_shentsize != sizeof(Elf64_Shdr)) fail("section headers of a wrong size");
    entry_ = h.e_entry;
    read_segments(h.e_phoff, h.e_phnum);
    read_symbols(h.e_shoff, h.e_shnum);
}

void elf_file::fail(const std::string& what) const { throw input_error(name_ + ": " + what); }

void elf_file::require_in_file(std::uint64_t offset, std::uint64_t bytes, const std::string& what) const {
    if (offset > data_.size() || bytes > data_.size() - offset)
        fail(what + " passes the end of the file (" + std::to_string(bytes) + " bytes at " + address_text(offset) +
             " of " + std::to_string(data_.size()) + " bytes)");
}

template <class T> T elf_file::get(std::uint64_t offset, const char* what) const {
    require_in_file(offset, sizeof(T), what);
    T value;
    std::memcpy(&value, data_.data() + offset, sizeof value);
    return value;
}

void elf_file::read_segments(std::uint64_t table, unsigned count) {
    require_in_file(table, count * sizeof(Elf64_Phdr), "the table of program headers");
    bool has_entry = false;
    for (unsigned i = 0; i < count; ++i) {
        const auto p = get<Elf64_Phdr>(table + i * sizeof(Elf64_Phdr), "a program header");
        if (p.p_type == PT_INTERP || p.p_type == PT_DYNAMIC) fail("linked dynamically, not a static executable");
        if (p.p_type != PT_LOAD) continue;
        const std::string what = "the segment at " + address_text(p.p_paddr);
        if (p.p_filesz > p.p_memsz) fail(what + " has more bytes in the file than in memory");
        require_in_file(p.p_offset, p.p_filesz, what);
        if (p.p_memsz == 0) continue;
        constexpr auto end = std::numeric_limits<std::uint64_t>::max();
        if (p.p_memsz - 1 > end - p.p_paddr || p.p_memsz - 1 > end - p.p_vaddr)
            fail(what + " passes the end of the address space");
        segments_.push_back({p.p_paddr, data_.data() + p.p_offset, p.p_filesz, p.p_memsz});
        has_entry = has_entry || (entry_ >= p.p_vaddr && entry_ - p.p_vaddr < p.p_memsz);
    }
    if (segments_.empty()) fail("nothing to load");
    std::sort(segments_.begin(), segments_.end(),
              [](const segment& a, const segment& b) { return a.address < b.address; });
    for (std::size_t i = 1; i < segments_.size(); ++i) {
        const auto &a = segments_[i - 1], &b = segments_[i];
        if (a.last() >= b.address)
            fail("segments overlap: " + range(a.address, a.last()) + " and " + range(b.address, b.last()));
    }
    if (!has_entry) fail("the entry point " + address_text(entry_) + " lies in no segment");
    if (entry_ % 2 != 0) fail("the entry point " + address_text(entry_) + " is odd");
}

void elf_file::read_symbols(std::uint64_t table, unsigned count) {
    require_in_file(table, count * sizeof(Elf64_Shdr), "the table of section headers");
    const auto section = [&](unsigned i) {
        return get<Elf64_Shdr>(table + i * sizeof(Elf64_Shdr), "a section header");
    };
    unsigned place = 0;
    while (place < count && section(place).sh_type != SHT_SYMTAB) ++place;
    if (place == count) return; // stripped
    const auto symbols = section(place);
    require_in_file(symbols.sh_offset, symbols.sh_size, "the symbol table");
    if (symbols.sh_entsize != sizeof(Elf64_Sym) || symbols.sh_size % sizeof(Elf64_Sym) != 0)
        fail("symbols of a wrong size");
    if (symbols.sh_link >= count || section(symbols.sh_link).sh_type != SHT_STRTAB) fail("symbols without names");
    const auto names = section(symbols.sh_link);
    require_in_file(names.sh_offset, names.sh_size, "the table of names");
    if (names.sh_size == 0 || data_[names.sh_offset + names.sh_size - 1] != 0) fail("names without an end");

    // Of several at one address functions count more than labels, global ones more than local ones.
    using ranked = std::tuple<std::uint64_t, bool, bool, std::size_t, std::uint64_t>;
    std::vector<ranked> all;
    for (std::uint64_t at = 0; at < symbols.sh_size; at += sizeof(Elf64_Sym)) {
        const auto s = get<Elf64_Sym>(symbols.sh_offset + at, "a symbol");
        if (s.st_name >= names.sh_size) fail("a symbol's name passes the end of the table of names");
        const bool is_function = ELF64_ST_TYPE(s.st_info) == STT_FUNC;
        if (!is_function && ELF64_ST_TYPE(s.st_info) != STT_NOTYPE) continue;
        if (s.st_shndx == SHN_UNDEF || s.st_shndx >= SHN_LORESERVE) continue;
        if (s.st_shndx >= count) fail("a symbol of a section that does not exist");
        const auto home = section(s.st_shndx);
        if (!(home.sh_flags & SHF_EXECINSTR) || s.st_value < home.sh_addr || s.st_value - home.sh_addr >= home.sh_size)
            continue;
        const std::size_t name = names.sh_offset + s.st_name;
        // Marks of the assembler: "$x" for code and the like, local labels.
        if (data_[name] == 0 || data_[name] == '$' || (data_[name] == '.' && data_[name + 1] == 'L')) continue;
        const auto rest = home.sh_size - (s.st_value - home.sh_addr);
        all.emplace_back(s.st_value, is_function, ELF64_ST_BIND(s.st_info) != STB_LOCAL, name,
                         s.st_size != 0 ? std::min(s.st_size, rest) : rest);
    }
    std::sort(all.begin(), all.end());
    for (const auto& [address, function, global, name, bytes] : all) {
        if (!symbols_.empty() && symbols_.back().address == address) symbols_.pop_back();
        symbols_.push_back({address, bytes, name});
    }
}

void elf_file::require_in(std::uint64_t begin, std::uint64_t bytes) const {
    if (bytes == 0) fail("there is no memory to load it into");
    const auto last = begin + std::min(bytes - 1, std::numeric_limits<std::uint64_t>::max() - begin);
    for (const auto& s : segments_)
        if (s.address < begin || s.last() > last)
            fail("the segment " + range(s.address, s.last()) + " lies outside the memory " + range(begin, last));
}

std::string elf_file::symbol(std::uint64_t address) const {
    const auto behind = std::upper_bound(symbols_.begin(), symbols_.end(), address,
                                         [](std::uint64_t a, const named_address& s) { return a < s.address; });
    if (behind == symbols_.begin()) return "";
    const auto& s = *std::prev(behind);
    const auto offset = address - s.address;
    if (offset >= s.bytes) return "";
    const std::string name = reinterpret_cast<const char*>(data_.data() + s.name);
    return offset == 0 ? name : name + " + " + address_text(offset);
}

} // namespace cimtlm
