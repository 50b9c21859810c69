/// What is loaded where, what addresses are called, and what is refused with which words?
#include <cimtlm/base/error.h>
#include <platforms/riscv_soc/elf_file.h>

#include <gtest/gtest.h>

#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <functional>
#include <string>
#include <utility>

#include "small_elf.h"

namespace {

using namespace soc_test;
using cimtlm::elf_file;
using cimtlm::input_error;

elf_file read(const small_elf& e) { return elf_file(e.file(), "guest.elf"); }

TEST(elf, tells_entry_and_segments) {
    auto small = small_elf();
    std::swap(small.segments[0], small.segments[1]);
    const auto e = read(small);
    EXPECT_EQ(e.entry(), small_elf::text);
    ASSERT_EQ(e.segments().size(), 2u);
    const auto &code = e.segments()[0], &data = e.segments()[1];
    EXPECT_EQ(code.address, small_elf::text) << "in the order of addresses";
    EXPECT_EQ(code.memory_bytes, 32u);
    EXPECT_EQ(code.file_bytes, 32u);
    EXPECT_EQ(code.bytes[31], 32);
    EXPECT_EQ(code.last(), small_elf::text + 31);
    EXPECT_EQ(data.address, small_elf::data);
    EXPECT_EQ(data.file_bytes, 8u);
    EXPECT_EQ(data.memory_bytes, 32u);
    EXPECT_EQ(data.bytes[0], 33);
}

TEST(elf, segments_live_as_long_as_the_file_wherever_it_goes) {
    auto first = read(small_elf());
    const auto* const code = first.segments()[0].bytes;
    const elf_file second = std::move(first);
    EXPECT_EQ(second.segments()[0].bytes, code);
    EXPECT_EQ(second.segments()[0].bytes[4], 5);
    EXPECT_EQ(second.symbol(small_elf::text + 8), "main");
}

TEST(elf, loads_at_physical_addresses_and_begins_at_a_virtual_one) {
    small_elf small;
    small.segments[0].p_vaddr = 0x1000;
    small.header.e_entry = 0x1004;
    const auto e = read(small);
    EXPECT_EQ(e.entry(), 0x1004u);
    EXPECT_EQ(e.segments()[0].address, small_elf::text);
}

TEST(elf, names_addresses_of_code) {
    const auto e = read(small_elf());
    EXPECT_EQ(e.symbol(small_elf::text), "_start");
    EXPECT_EQ(e.symbol(small_elf::text + 6), "_start + 0x6") << "a label reaches to the next";
    EXPECT_EQ(e.symbol(small_elf::text + 8), "main") << "and not the label there";
    EXPECT_EQ(e.symbol(small_elf::text + 15), "main + 0x7") << "and no mark of the assembler";
    EXPECT_EQ(e.symbol(small_elf::text + 16), "") << "behind its end";
    EXPECT_EQ(e.symbol(small_elf::text + 20), "helper");
    EXPECT_EQ(e.symbol(small_elf::text + 31), "helper + 0xb");
    EXPECT_EQ(e.symbol(small_elf::text + 32), "");
    EXPECT_EQ(e.symbol(small_elf::data), "") << "data";
    EXPECT_EQ(e.symbol(small_elf::text - 1), "");
    EXPECT_EQ(e.symbol(0), "");
    EXPECT_EQ(e.symbol(~std::uint64_t{0}), "");
}

TEST(elf, a_stripped_file_has_no_names) {
    small_elf none;
    none.sections.resize(3);
    EXPECT_EQ(read(none).symbol(small_elf::text), "");
    small_elf without;
    without.sections.clear();
    without.header.e_shoff = 0;
    without.header.e_shentsize = 0;
    EXPECT_EQ(read(without).symbol(small_elf::text), "");
}

TEST(elf, empty_segments_take_no_room) {
    small_elf e;
    e.segments[2] = small_elf::segment(PF_R, 0, small_elf::text + 4, 0, 0); // within another
    EXPECT_EQ(read(e).segments().size(), 2u);
}

TEST(elf, must_fit_into_the_memory) {
    const auto e = read(small_elf());
    e.require_in(small_elf::text, 0x1020);
    e.require_in(0, 0x80001020);
    e.require_in(0x80000000, ~std::uint64_t{0}); // to the end of the address space
    const auto message = [&](std::uint64_t begin, std::uint64_t size) -> std::string {
        try {
            e.require_in(begin, size);
        } catch (const input_error& error) {
            return error.what();
        }
        return "";
    };
    EXPECT_EQ(message(0x80000000, 0x101f),
              "guest.elf: the segment 0x80001000 to 0x8000101f lies outside the memory 0x80000000 to 0x8000101e");
    EXPECT_EQ(message(0x80000001, 0x10000),
              "guest.elf: the segment 0x80000000 to 0x8000001f lies outside the memory 0x80000001 to 0x80010000");
    EXPECT_NE(message(0x80000000, 0), "");
}

struct defect {
    const char* name;
    std::function<void(small_elf&)> make;
    const char* words; ///< in the message
    friend void PrintTo(const defect& d, std::ostream* to) { *to << d.name; }
};

class defects : public testing::TestWithParam<defect> {};

TEST_P(defects, is_refused_with_the_files_name_and_what_is_wrong) {
    small_elf e;
    GetParam().make(e);
    try {
        read(e);
        FAIL() << "was read";
    } catch (const input_error& error) {
        const std::string what = error.what();
        EXPECT_EQ(what.rfind("guest.elf: ", 0), 0u) << what;
        EXPECT_NE(what.find(GetParam().words), std::string::npos) << what;
    }
}

constexpr std::uint64_t huge = ~std::uint64_t{0};

INSTANTIATE_TEST_SUITE_P(
    elf, defects,
    testing::Values(
        defect{"magic", [](small_elf& e) { e.header.e_ident[1] = 'e'; }, "not an ELF file"},
        defect{"bits_32", [](small_elf& e) { e.header.e_ident[EI_CLASS] = ELFCLASS32; }, "64 bits"},
        defect{"big_endian", [](small_elf& e) { e.header.e_ident[EI_DATA] = ELFDATA2MSB; }, "little endian"},
        defect{"version", [](small_elf& e) { e.header.e_version = 2; }, "version"},
        defect{"ident_version", [](small_elf& e) { e.header.e_ident[EI_VERSION] = 0; }, "version"},
        defect{"x86", [](small_elf& e) { e.header.e_machine = EM_X86_64; }, "machine 62"},
        defect{"relocatable", [](small_elf& e) { e.header.e_type = ET_REL; }, "fixed addresses"},
        defect{"position_independent", [](small_elf& e) { e.header.e_type = ET_DYN; }, "fixed addresses"},
        defect{"dynamic", [](small_elf& e) { e.segments[2].p_type = PT_DYNAMIC; }, "dynamically"},
        defect{"interpreter", [](small_elf& e) { e.segments[2].p_type = PT_INTERP; }, "dynamically"},
        defect{"program_header_size", [](small_elf& e) { e.header.e_phentsize = 32; }, "program headers"},
        defect{"program_headers_far", [](small_elf& e) { e.header.e_phoff = huge - 8; }, "end of the file"},
        defect{"program_headers_many", [](small_elf& e) { e.header.e_phnum = 1000; }, "end of the file"},
        defect{"program_headers_extended", [](small_elf& e) { e.header.e_phnum = PN_XNUM; }, "too many"},
        defect{"nothing", [](small_elf& e) { e.segments.erase(e.segments.begin(), e.segments.begin() + 2); },
               "nothing to load"},
        defect{"bytes_behind_the_end", [](small_elf& e) { e.segments[0].p_offset = small_elf::end - 31; },
               "the segment at 0x80000000 passes the end of the file"},
        defect{"offset_wraps", [](small_elf& e) { e.segments[0].p_offset = huge - 15; }, "end of the file"},
        defect{"file_above_memory", [](small_elf& e) { e.segments[1].p_memsz = 7; }, "more bytes in the file"},
        defect{"address_wraps", [](small_elf& e) { e.segments[1].p_paddr = e.segments[1].p_vaddr = huge - 30; },
               "end of the address space"},
        defect{"virtual_address_wraps", [](small_elf& e) { e.segments[1].p_vaddr = huge - 30; },
               "end of the address space"},
        defect{"memory_wraps", [](small_elf& e) { e.segments[1].p_memsz = huge; }, "end of the address space"},
        defect{"overlap", [](small_elf& e) { e.segments[1].p_paddr = small_elf::text + 31; },
               "overlap: 0x80000000 to 0x8000001f and 0x8000001f to 0x8000003e"},
        defect{"same_place", [](small_elf& e) { e.segments[1].p_paddr = small_elf::text; }, "overlap"},
        defect{"entry_outside", [](small_elf& e) { e.header.e_entry = small_elf::text + 32; }, "in no segment"},
        defect{"entry_odd", [](small_elf& e) { e.header.e_entry = small_elf::text + 1; }, "odd"},
        defect{"section_header_size", [](small_elf& e) { e.header.e_shentsize = 1; }, "section headers"},
        defect{"sections_far", [](small_elf& e) { e.header.e_shoff = small_elf::end - 100; }, "section headers"},
        defect{"symbols_far", [](small_elf& e) { e.sections[3].sh_offset = huge; }, "the symbol table passes"},
        defect{"symbols_long", [](small_elf& e) { e.sections[3].sh_size = huge; }, "the symbol table passes"},
        defect{"symbols_of_a_wrong_size", [](small_elf& e) { e.sections[3].sh_entsize = 16; }, "wrong size"},
        defect{"symbols_cut", [](small_elf& e) { e.sections[3].sh_size = 25; }, "wrong size"},
        defect{"no_names", [](small_elf& e) { e.sections[3].sh_link = 5; }, "without names"},
        defect{"names_of_another_kind", [](small_elf& e) { e.sections[3].sh_link = 1; }, "without names"},
        defect{"names_far", [](small_elf& e) { e.sections[4].sh_offset = small_elf::end; }, "names passes the end"},
        defect{"names_without_end", [](small_elf& e) { e.names.back() = 'x'; }, "without an end"},
        defect{"name_far", [](small_elf& e) { e.symbols[6].st_name = 1000; }, "a symbol's name"},
        defect{"name_at_the_end", [](small_elf& e) { e.symbols[6].st_name = static_cast<Elf64_Word>(e.names.size()); },
               "a symbol's name"},
        defect{"symbol_of_the_section_behind", [](small_elf& e) { e.symbols[2].st_shndx = 5; }, "does not exist"},
        defect{"symbol_of_no_section", [](small_elf& e) { e.symbols[2].st_shndx = 9; }, "does not exist"}),
    [](const auto& i) { return i.param.name; });

TEST(elf, whatever_is_cut_off_is_refused) {
    const auto whole = small_elf().file();
    elf_file(whole, "whole.elf");
    for (std::size_t n = 0; n < whole.size(); ++n)
        EXPECT_THROW(elf_file(bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(n)), "cut.elf"),
                     input_error)
            << n;
}

TEST(elf, is_read_from_a_file) {
    const std::string name = testing::TempDir() + "cimtlm_elf_test_" + std::to_string(getpid());
    const auto whole = small_elf().file();
    std::ofstream(name, std::ios::binary)
        .write(reinterpret_cast<const char*>(whole.data()), static_cast<std::streamsize>(whole.size()));
    EXPECT_EQ(elf_file::read(name).symbol(small_elf::text + 10), "main + 0x2");
    std::remove(name.c_str());
    const auto message = [](const std::string& file) -> std::string {
        try {
            elf_file::read(file);
        } catch (const input_error& error) {
            return error.what();
        }
        return "";
    };
    EXPECT_EQ(message(name), name + ": cannot be opened");
    EXPECT_EQ(message("/"), "/: cannot be read") << "a folder";
    EXPECT_EQ(message("/dev/null"), "/dev/null: not an ELF file");
}

} // namespace
