// Memory operands and counters, against the GNU disassembler.
#include "guest.h"

#include <platforms/riscv_soc/riscv_instruction.h>

#include <cstring>
#include <map>
#include <random>
#include <regex>

using namespace cimtlm;
using namespace cimtlm::test;

namespace {

struct disassembled {
    std::uint32_t bits = 0;
    unsigned bytes = 0;
    std::string name, operands;
};

/// Of raw code; registers as x0 to x31, names of instructions as they are.
std::vector<disassembled> disassemble(const std::vector<std::uint16_t>& halves) {
    const scratch s;
    std::string raw(halves.size() * 2, 0);
    std::memcpy(raw.data(), halves.data(), raw.size());
    const std::string gcc = CIMTLM_RISCV_GCC;
    setting objdump;
    objdump.program = gcc.substr(0, gcc.rfind("gcc")) + "objdump";
    const auto o =
        call({"-D", "-b", "binary", "-m", "riscv:rv64", "-M", "no-aliases,numeric", s.file("code", raw)}, objdump);
    EXPECT_EQ(o.status, 0) << o.err;
    std::vector<disassembled> all;
    const std::regex line(R"(\s*[0-9a-f]+:\s+([0-9a-f]+)\s+(\S+)\s*(\S*).*)");
    for (const auto& text : lines(o.out)) {
        std::smatch m;
        if (!std::regex_match(text, m, line)) continue;
        const auto digits = m[1].str();
        all.push_back({static_cast<std::uint32_t>(std::stoul(digits, nullptr, 16)),
                       static_cast<unsigned>(digits.size() / 2), m[2], m[3]});
    }
    return all;
}

/// Bytes of loads, stores and atomic operations by name; 0: another instruction.
unsigned memory_bytes(std::string name) {
    if (name.rfind("c.", 0) == 0) name = name.substr(2);
    static const std::map<std::string, unsigned> plain{{"lb", 1}, {"lbu", 1},  {"sb", 1},   {"lh", 2},   {"lhu", 2},
                                                       {"sh", 2}, {"lw", 4},   {"lwu", 4},  {"sw", 4},   {"ld", 8},
                                                       {"sd", 8}, {"lwsp", 4}, {"swsp", 4}, {"ldsp", 8}, {"sdsp", 8}};
    if (const auto found = plain.find(name); found != plain.end()) return found->second;
    if (name.rfind("amo", 0) == 0 || name.rfind("lr.", 0) == 0 || name.rfind("sc.", 0) == 0)
        return name.find(".w") != std::string::npos ? 4 : 8;
    return 0;
}

/// Of floating point and of fences of address translation nothing is asked.
bool writes_integer_register(const disassembled& d) {
    const auto name = d.name.rfind("c.", 0) == 0 ? d.name.substr(2) : d.name;
    return name[0] != 'f' && !contains(name, "fence.");
}

unsigned written_register(const disassembled& d) {
    const auto name = d.name.rfind("c.", 0) == 0 ? d.name.substr(2) : d.name;
    if (d.name == "c.jalr") return 1;
    if (name[0] == 'b' || d.name == "c.j" || d.name == "c.jr") return 0; // branches and jumps
    if (name[0] == 's' && memory_bytes(d.name) != 0 && name.rfind("sc.", 0) != 0) return 0;
    const auto& o = d.operands;
    return o.size() > 1 && o[0] == 'x' ? static_cast<unsigned>(std::stoul(o.substr(1))) : 0;
}

void compare(const disassembled& d) {
    const auto what = d.name + " " + d.operands + " " + hexadecimal(d.bits);
    EXPECT_EQ(instruction_bytes(static_cast<std::uint16_t>(d.bits)), d.bytes) << what;
    EXPECT_EQ(is_code_fence(d.bits), d.name == "fence.i") << what;
    EXPECT_EQ(is_breakpoint(d.bits), d.name == "ebreak" || d.name == "c.ebreak") << what;
    if (writes_integer_register(d)) {
        EXPECT_EQ(destination(d.bits), written_register(d)) << what;
    }
    const auto found = decode_memory_operand(d.bits);
    // What is behind a compressed instruction changes nothing.
    if (d.bytes == 2) {
        const auto other = decode_memory_operand(d.bits | 0xa5a50000u);
        ASSERT_EQ(found.has_value(), other.has_value()) << what;
        EXPECT_EQ(found.value_or(memory_operand{}).offset, other.value_or(memory_operand{}).offset) << what;
    }
    const auto bytes = memory_bytes(d.name);
    ASSERT_EQ(found.has_value(), bytes != 0) << what;
    if (!found) return;
    std::smatch m;
    const std::regex place(R"(.*?(-?[0-9]*)\(x([0-9]+)\))");
    ASSERT_TRUE(std::regex_match(d.operands, m, place)) << what;
    EXPECT_EQ(found->bytes, bytes) << what;
    EXPECT_EQ(found->base, static_cast<unsigned>(std::stoul(m[2]))) << what;
    EXPECT_EQ(found->offset, m[1].length() ? std::stol(m[1]) : 0) << what;
    const auto name = d.name.rfind("c.", 0) == 0 ? d.name.substr(2) : d.name;
    const bool is_atomic = name.rfind("amo", 0) == 0 || name.rfind("sc.", 0) == 0; // SC: the library reads, too
    EXPECT_EQ(found->reads, is_atomic || name[0] == 'l') << what;
    EXPECT_EQ(found->writes, is_atomic || name[0] == 's') << what;
}

bool is_known(const disassembled& d) { return d.name[0] != '.' && d.name != "c.unimp"; }

} // namespace

TEST(decode, all_compressed_instructions) {
    NEEDS_GUESTS();
    std::vector<std::uint16_t> halves;
    for (unsigned i = 0; i < 0x10000; ++i)
        if ((i & 3) != 3) halves.push_back(static_cast<std::uint16_t>(i));
    unsigned memory = 0;
    for (const auto& d : disassemble(halves)) {
        if (!is_known(d)) continue;
        compare(d);
        memory += memory_bytes(d.name) != 0;
        if (HasFailure()) return;
    }
    // C.LW, C.LD, C.SW, C.SD: 32 offsets, 64 pairs of registers; to and from the stack 64 offsets, 31 or 32 registers.
    EXPECT_EQ(memory, 4 * 32 * 64 + 2 * 64 * 31 + 2 * 64 * 32);
}

TEST(decode, instructions_at_random) {
    NEEDS_GUESTS();
    std::mt19937_64 random(random_seed(90));
    std::vector<std::uint16_t> halves;
    const std::uint32_t opcodes[] = {0x03, 0x23, 0x2f, 0x07, 0x27, 0x13, 0x33, 0x73, 0x63, 0x6f, 0x0f, 0x37};
    for (int i = 0; i < 20000; ++i) {
        auto bits = static_cast<std::uint32_t>(random());
        bits = (bits & ~0x7fu) | opcodes[i % std::size(opcodes)];
        if ((bits & 0x7f) == 0x2f) { // few operations of many; of LR a register is x0
            const std::uint32_t operations[] = {0, 1, 2, 2, 3, 4, 8, 12, 16, 20, 24, 28};
            const auto operation = operations[random() % std::size(operations)];
            bits = (bits & 0x07ff8fff) | operation << 27 | (2 + static_cast<std::uint32_t>(random() & 1)) << 12;
            if (operation == 2) bits &= ~0x01f00000u;
        }
        halves.push_back(static_cast<std::uint16_t>(bits));
        halves.push_back(static_cast<std::uint16_t>(bits >> 16));
    }
    std::map<std::string, int> met;
    for (const auto& d : disassemble(halves)) {
        if (!is_known(d)) continue;
        compare(d);
        if (HasFailure()) return;
        if (memory_bytes(d.name)) ++met[d.name.substr(0, d.name.find(".aq"))];
    }
    for (const auto* name : {"lb", "lbu", "lh", "lhu", "lw", "lwu", "ld", "sb", "sh", "sw", "sd", "lr.w", "lr.d",
                             "sc.w", "sc.d", "amoadd.w", "amoadd.d", "amoswap.w", "amoxor.d"})
        EXPECT_GT(met[name], 0) << name;
}

TEST(decode, reads_of_counters) {
    NEEDS_GUESTS();
    std::mt19937_64 random(random_seed(91));
    std::vector<std::uint16_t> halves;
    for (int i = 0; i < 20000; ++i) {
        static const std::uint32_t near[] = {0xb00, 0xb02, 0xc00, 0xc02, 0xc01, 0xb01, 0xb80, 0xc82, 0x300, 0xb03};
        const auto bits =
            (near[random() % std::size(near)] << 20) | (static_cast<std::uint32_t>(random()) & 0xfff80) | 0x73;
        halves.push_back(static_cast<std::uint16_t>(bits));
        halves.push_back(static_cast<std::uint16_t>(bits >> 16));
    }
    int counters = 0;
    for (const auto& d : disassemble(halves)) {
        if (!is_known(d)) continue;
        const auto& o = d.operands;
        const bool reads = d.name == "csrrs" || d.name == "csrrc" || d.name == "csrrsi" || d.name == "csrrci";
        const bool cycles = contains(o, ",cycle,") || contains(o, ",mcycle,");
        const bool counts = contains(o, ",instret,") || contains(o, ",minstret,");
        ASSERT_EQ(is_counter_read(d.bits), reads && (cycles || counts)) << d.name << " " << o;
        if (!is_counter_read(d.bits)) continue;
        ASSERT_EQ(counts_cycles(d.bits), cycles) << o;
        ++counters;
    }
    EXPECT_GT(counters, 100);
}
