#pragma once
/// A small executable for RV64, made in memory: two segments, a symbol table; every part may be spoilt.
#include <elf.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace soc_test {

using bytes = std::vector<unsigned char>;

/// Header, program headers, 32 bytes of code at `text`, 8 of data at `data` with 24 zeros behind, sections, symbols.
struct small_elf {
    static constexpr std::uint64_t text = 0x80000000, data = 0x80001000;

    Elf64_Ehdr header{};
    std::vector<Elf64_Phdr> segments;
    std::vector<Elf64_Shdr> sections;
    std::vector<Elf64_Sym> symbols;
    static constexpr char all_names[] = "\0_start\0main\0loop\0$x\0.L1\0helper\0counter"; // and a 0
    std::string names{all_names, sizeof all_names};

    small_elf() {
        std::memcpy(header.e_ident, ELFMAG, SELFMAG);
        header.e_ident[EI_CLASS] = ELFCLASS64;
        header.e_ident[EI_DATA] = ELFDATA2LSB;
        header.e_ident[EI_VERSION] = header.e_version = EV_CURRENT;
        header.e_type = ET_EXEC;
        header.e_machine = EM_RISCV;
        header.e_entry = text;
        header.e_ehsize = sizeof(Elf64_Ehdr);
        header.e_phentsize = sizeof(Elf64_Phdr);
        header.e_shentsize = sizeof(Elf64_Shdr);
        header.e_phoff = phoff;
        header.e_shoff = shoff;
        segments = {segment(PF_R | PF_X, code_at, text, 32, 32), segment(PF_R | PF_W, data_at, data, 8, 32)};
        segments.push_back({});
        segments.back().p_type = PT_NOTE; // of no concern
        sections.resize(5);
        sections[1].sh_type = SHT_PROGBITS;
        sections[1].sh_flags = SHF_ALLOC | SHF_EXECINSTR;
        sections[1].sh_addr = text;
        sections[1].sh_offset = code_at;
        sections[1].sh_size = 32;
        sections[2].sh_type = SHT_PROGBITS;
        sections[2].sh_flags = SHF_ALLOC | SHF_WRITE;
        sections[2].sh_addr = data;
        sections[2].sh_offset = data_at;
        sections[2].sh_size = 32;
        sections[3].sh_type = SHT_SYMTAB;
        sections[3].sh_link = 4;
        sections[3].sh_offset = symbols_at;
        sections[3].sh_entsize = sizeof(Elf64_Sym);
        sections[4].sh_type = SHT_STRTAB;
        sections[4].sh_offset = names_at;
        symbols.push_back({});
        add("_start", STT_NOTYPE, STB_GLOBAL, 1, text, 0);
        add("main", STT_FUNC, STB_GLOBAL, 1, text + 8, 8);
        add("loop", STT_NOTYPE, STB_LOCAL, 1, text + 8, 0); // where main begins
        add("$x", STT_NOTYPE, STB_LOCAL, 1, text + 10, 0);
        add(".L1", STT_NOTYPE, STB_LOCAL, 1, text + 12, 0);
        add("helper", STT_FUNC, STB_LOCAL, 1, text + 20, 12);
        add("counter", STT_OBJECT, STB_GLOBAL, 2, data, 4);
    }
    static Elf64_Phdr segment(unsigned flags, std::uint64_t offset, std::uint64_t address, std::uint64_t file_bytes,
                              std::uint64_t memory_bytes) {
        Elf64_Phdr p{};
        p.p_type = PT_LOAD;
        p.p_flags = flags;
        p.p_offset = offset;
        p.p_vaddr = p.p_paddr = address;
        p.p_filesz = file_bytes;
        p.p_memsz = memory_bytes;
        p.p_align = 8;
        return p;
    }
    void add(const std::string& name, unsigned type, unsigned bind, unsigned section, std::uint64_t value,
             std::uint64_t size) {
        Elf64_Sym s{};
        s.st_name = static_cast<Elf64_Word>(names.find('\0' + name + '\0') + 1);
        s.st_info = static_cast<unsigned char>(ELF64_ST_INFO(bind, type));
        s.st_shndx = static_cast<Elf64_Section>(section);
        s.st_value = value;
        s.st_size = size;
        symbols.push_back(s);
    }

    /// Counts and sizes that are 0 are filled in.
    bytes file() const {
        auto h = header;
        if (h.e_phnum == 0) h.e_phnum = static_cast<Elf64_Half>(segments.size());
        if (h.e_shnum == 0) h.e_shnum = static_cast<Elf64_Half>(sections.size());
        auto s = sections;
        if (s.size() > 3 && s[3].sh_size == 0) s[3].sh_size = symbols.size() * sizeof(Elf64_Sym);
        if (s.size() > 4 && s[4].sh_size == 0) s[4].sh_size = names.size();
        bytes b(end, 0);
        const auto put = [&](std::uint64_t at, const void* from, std::size_t n) {
            if (n != 0) std::memcpy(&b.at(at + n - 1) - (n - 1), from, n);
        };
        put(0, &h, sizeof h);
        put(phoff, segments.data(), segments.size() * sizeof(Elf64_Phdr));
        for (unsigned i = 0; i < 40; ++i) b[code_at + i] = static_cast<unsigned char>(i + 1);
        put(symbols_at, symbols.data(), symbols.size() * sizeof(Elf64_Sym));
        put(names_at, names.data(), names.size());
        put(shoff, s.data(), s.size() * sizeof(Elf64_Shdr));
        return b;
    }

    static constexpr std::uint64_t phoff = 64, code_at = 320, data_at = 352, symbols_at = 384, names_at = 768,
                                   shoff = 832, end = shoff + 5 * sizeof(Elf64_Shdr);
};

} // namespace soc_test
