// What the host gives a guest: command line, text, exit; and the results that it finds in the text.
#include "guest.h"

#include <platforms/riscv_soc/console.h>
#include <platforms/riscv_soc/semihosting.h>

#include <array>
#include <cstring>
#include <sstream>

using namespace cimtlm;
using namespace cimtlm::test;

namespace {

constexpr std::uint64_t failed = ~std::uint64_t{0}, begin = 0x1000;

/// A host and 256 bytes of memory.
struct bench {
    std::array<unsigned char, 256> bytes{};
    std::string text;
    semihosting host;
    semihosting::memory memory{[this](std::uint64_t a, void* to, std::uint64_t n) {
                                   if (!holds(a, n)) return false;
                                   std::memcpy(to, bytes.data() + (a - begin), n);
                                   return true;
                               },
                               [this](std::uint64_t a, const void* from, std::uint64_t n) {
                                   if (!holds(a, n)) return false;
                                   std::memcpy(bytes.data() + (a - begin), from, n);
                                   return true;
                               }};

    explicit bench(const std::string& command_line = "")
        : host(command_line, [this](char c) { text += c; }) {}
    bool holds(std::uint64_t a, std::uint64_t n) const {
        return a >= begin && a - begin <= bytes.size() && n <= bytes.size() - (a - begin);
    }
    void put(std::uint64_t a, std::uint64_t value) { std::memcpy(&bytes[a - begin], &value, sizeof value); }
    std::uint64_t word(std::uint64_t a) const {
        std::uint64_t value = 0;
        std::memcpy(&value, &bytes[a - begin], sizeof value);
        return value;
    }
    std::uint64_t call(std::uint64_t operation, std::uint64_t argument) {
        return host.call(operation, argument, memory);
    }
};

std::map<std::string, double> results_of(const std::string& text) {
    console c(nullptr);
    for (const char ch : text) c.write(ch);
    return c.results();
}

using results = std::map<std::string, double>;

} // namespace

TEST(host, text) {
    bench b;
    std::memcpy(b.bytes.data(), "ab\0c", 4);
    EXPECT_EQ(b.call(0x03, begin + 1), 0u); // one character
    EXPECT_EQ(b.text, "b");
    EXPECT_EQ(b.call(0x04, begin), 0u); // up to a 0
    EXPECT_EQ(b.text, "bab");
    EXPECT_EQ(b.call(0x03, begin + 2), 0u); // a 0 as well
    EXPECT_EQ(b.text, std::string("bab\0", 4));
    b.bytes.back() = 'z'; // over the end of memory
    EXPECT_EQ(b.call(0x04, begin + 255), failed);
    EXPECT_EQ(b.text.back(), 'z');
    EXPECT_EQ(b.call(0x04, begin + 256), failed);
    EXPECT_EQ(b.call(0x03, failed), failed);
    EXPECT_FALSE(b.host.exit_code());
}

TEST(host, command_line) {
    const std::string line = "guest a=1 b=2";
    for (std::uint64_t room = 0; room < 20; ++room) {
        bench b(line);
        b.put(begin, begin + 32);
        b.put(begin + 8, room);
        b.bytes[32 + line.size() + 1] = 0x55;
        const bool fits = room > line.size();
        EXPECT_EQ(b.call(0x15, begin), fits ? 0 : failed) << room;
        EXPECT_EQ(b.bytes[32], fits ? 'g' : 0) << room;
        EXPECT_STREQ(reinterpret_cast<const char*>(&b.bytes[32]), fits ? line.c_str() : "");
        EXPECT_EQ(b.word(begin + 8), fits ? line.size() : room);
        EXPECT_EQ(b.bytes[32 + line.size() + 1], 0x55); // no more than that
    }
    bench b(line); // the block, the text over the end of memory; lengths that come around
    EXPECT_EQ(b.call(0x15, begin + 248), failed);
    b.put(begin, begin + 250);
    b.put(begin + 8, failed);
    EXPECT_EQ(b.call(0x15, begin), failed);
    b.put(begin, failed - 3);
    EXPECT_EQ(b.call(0x15, begin), failed);
}

TEST(host, exit) {
    const auto code = [](std::uint64_t operation, std::uint64_t reason, std::uint64_t subcode) {
        bench b;
        b.put(begin, reason);
        b.put(begin + 8, subcode);
        EXPECT_EQ(b.call(operation, begin), 0u);
        return b.host.exit_code().value_or(-1);
    };
    for (const std::uint64_t operation : {0x18, 0x20}) {
        EXPECT_EQ(code(operation, 0x20026, 0), 0);
        EXPECT_EQ(code(operation, 0x20026, 42), 42);
        EXPECT_EQ(code(operation, 0x20026, 0x12ff), 0xff); // as exit statuses are
        EXPECT_EQ(code(operation, 0x20023, 0), 1);         // another reason
    }
    bench b;
    EXPECT_EQ(b.call(0x20, begin + 250), failed);
    EXPECT_FALSE(b.host.exit_code());
    b.call(0x18, 0x20026); // the reason itself, as some runtimes have it
    EXPECT_EQ(b.host.exit_code(), 0);
    bench other;
    other.call(0x18, 0x20023);
    EXPECT_EQ(other.host.exit_code(), 1);
}

TEST(host, calls_that_it_does_not_know) {
    bench b;
    for (const std::uint64_t operation : {0x00, 0x01, 0x02, 0x05, 0x06, 0x07, 0x10, 0x11, 0x16, 0x30, 0x31, 0x1000})
        EXPECT_EQ(b.call(operation, begin), failed) << operation;
    EXPECT_EQ(b.call(failed, failed), failed);
    EXPECT_EQ(b.text, "");
}

TEST(console, results) {
    EXPECT_EQ(results_of("a = 1\nb_c.d2 = 2.5\nc = -3\n"), (results{{"a", 1}, {"b_c.d2", 2.5}, {"c", -3}}));
    EXPECT_EQ(results_of("a = 1\na = 2\nA = 3\n"), (results{{"a", 2}})); // the last one; not upper case
    EXPECT_EQ(results_of("a = 18446744073709551615\r\n"), (results{{"a", 18446744073709551616.0}}));
    EXPECT_EQ(results_of("a = 1"), results{}); // no line yet
    EXPECT_EQ(results_of("\n\n = 1\n= 1\na=1\na =1\na= 1\na  = 1\n a = 1\na = 1 \na =  1\n"), results{});
    for (const auto* value : {"", "x", "1x", "0x10", "1e5", "1,5", "inf", "-inf", "nan", "+1", "1 2", "--1", "1.2.3"})
        EXPECT_EQ(results_of(std::string("a = ") + value + "\n"), results{}) << value;
    for (const auto* name : {"1a", ".a", "a-b", "a b", "ä", "a=b"})
        EXPECT_EQ(results_of(std::string(name) + " = 1\n"), results{}) << name;
    // Long lines are text, and the one behind is looked at again.
    const std::string name(196, 'a');
    EXPECT_EQ(results_of(name + " = 1\n"), (results{{name, 1}}));
    EXPECT_EQ(results_of(name + "a = 1\nb = 2\n"), (results{{"b", 2}}));
    EXPECT_EQ(results_of(std::string(100000, 'x') + "\nb = 2\n"), (results{{"b", 2}}));
    EXPECT_EQ(results_of(std::string("a = 1\0\nb = 2\n", 13)), (results{{"b", 2}}));
}

TEST(console, hands_text_on) {
    std::ostringstream out;
    console c(&out);
    const std::string text("a = 1\r\n\0\xff"
                           "b",
                           10);
    for (const char ch : text) c.write(ch);
    EXPECT_EQ(out.str(), text);
}

// The guest's command line, up to the last character; its buffer has 1024.
TEST(host, longest_command_line) {
    NEEDS_GUESTS();
    const std::string always = " cores=1 devices=1 memory=64";
    const auto run = [&](std::size_t length) {
        std::string value(length - std::strlen("gemm m=8 n=8 k=8 seed=1") - always.size(), '0');
        return call_soc({"run", "gemm", "m=8", "n=8", "k=8", "seed=" + value + "1", "--json"});
    };
    const auto longest = run(1023);
    EXPECT_EQ(longest.status, 0) << longest.err;
    EXPECT_EQ(boost::json::parse(longest.out).at("firmware").as_string().size(), 1023u);
    const auto longer = run(1024);
    EXPECT_EQ(longer.status, 2);
    EXPECT_TRUE(contains(longer.err, "error: the host gives no command line")) << longer.err;
}

// Host calls at the edges of memory, from a guest.
TEST(host, of_a_guest) {
    NEEDS_GUESTS();
    const guest g(R"(
    li s0, 0x84000000 - 2
    li t0, 'x'
    sb t0, 0(s0)
    sb t0, 1(s0)
    li a0, 4 /* SYS_WRITE0 over the end: what is there, then -1 */
    mv a1, s0
    host_call
    addi s1, a0, 0
    li a0, 0x123
    host_call
    mv s2, a0
    li a0, 3
    li a1, MSIP /* not in RAM */
    host_call
    mv s3, a0
    li t0, '\n'
    sb t0, 0(s0)
    li a0, 3
    mv a1, s0
    host_call
    add s1, s1, s2
    add s1, s1, s3
    add s1, s1, a0
    neg s1, s1
    result failed, s1
    li a0, 0x18
    li a1, 0x20023
    host_call
)");
    const auto r = run_guest(g, {}, 1);
    EXPECT_EQ(r.integer("failed"), 3);
    EXPECT_EQ(r.child.err, "xx\nfailed = 3\n");
    EXPECT_EQ(r.results.at("outcome"), "exit");
}

// A line with a rate: a guest that waits for room loses nothing and takes its time, another one loses characters.
TEST(host, text_through_the_uart) {
    NEEDS_GUESTS();
    const std::string text = R"(
    li s0, UART
    li s1, 1000
    li s2, 'x'
1:  WAIT
    sb s2, 0(s0)
    addi s1, s1, -1
    bnez s1, 1b
    exit 0
)";
    const auto rate = sets({"peripherals.characters_per_s=1000000"});
    const auto patient = run_guest(guest(text, {"WAIT=lbu t0, 5(s0); andi t0, t0, 0x20; beqz t0, 1b"}), rate);
    EXPECT_EQ(patient.child.err, std::string(1000, 'x'));
    EXPECT_EQ(patient.statistic("uart.lost"), 0);
    EXPECT_GT(patient.time_ps(), 980e6);
    EXPECT_LT(patient.time_ps(), 1001e6);
    const auto hasty = run_guest(guest(text, {"WAIT=nop"}), rate);
    EXPECT_EQ(hasty.statistic("uart.lost") + static_cast<double>(hasty.child.err.size()), 1000);
    EXPECT_GT(hasty.statistic("uart.lost"), 900);
}

// A guest's last line need not end; it stands before what the program says.
TEST(host, text_without_an_end) {
    NEEDS_GUESTS();
    const guest g(R"(
    li a0, 4
    la a1, text
    host_call
    exit 0
    .data
text: .asciz "first = 1\nhalf = 2"
)");
    const auto o = call_soc({"run", g.path()});
    EXPECT_EQ(o.status, 0);
    EXPECT_EQ(o.out.rfind("first = 1\nhalf = 2", 0), 0u) << o.out;
    const auto r = run_guest(g);
    EXPECT_EQ(r.integer("first"), 1);
    EXPECT_FALSE(r.has("half"));
}
