/// Does the PLIC behave as its specification says, step by step?
#include <cimtlm/base/error.h>
#include <platforms/riscv_soc/firmware/soc_map.h>
#include <platforms/riscv_soc/plic.h>

#include <stdexcept>
#include <vector>

#include "peripheral_host.h"

namespace {

using namespace soc_test;
using cimtlm::plic;
using testkit::now_ps;

struct change {
    std::int64_t time_ps;
    unsigned hart;
    bool level;
    bool operator==(const change& o) const { return time_ps == o.time_ps && hart == o.hart && level == o.level; }
    friend void PrintTo(const change& c, std::ostream* to) {
        *to << "hart " << c.hart << (c.level ? " up at " : " down at ") << c.time_ps;
    }
};
using changes = std::vector<change>;

struct bench {
    plic p;
    peripheral_host h{"h", p};
    changes seen;

    explicit bench(unsigned sources = 40, unsigned harts = 2)
        : p("plic", sources, harts, access_ps) {
        p.on_interrupt([this](unsigned hart, bool level) { seen.push_back({now_ps(), hart, level}); });
        settle();
    }
    void priority(unsigned source, std::uint32_t to) { h.write(SOC_PLIC_PRIORITY + 4 * source, to); }
    void enable(unsigned context, unsigned source) {
        const auto at = SOC_PLIC_ENABLE + 0x80 * context + 4 * (source / 32);
        h.write(at, h.read(at) | 1u << source % 32);
    }
    void threshold(unsigned context, std::uint32_t to, std::int64_t ahead_ps = 0) {
        h.write(SOC_PLIC_THRESHOLD + 0x1000 * context, to, 4, ahead_ps);
    }
    static std::uint64_t claim_at(unsigned context) { return SOC_PLIC_CLAIM + 0x1000 * context; }
    std::uint64_t claim(unsigned context, std::int64_t ahead_ps = 0) { return h.read(claim_at(context), 4, ahead_ps); }
    void complete(unsigned context, unsigned source, std::int64_t ahead_ps = 0) {
        h.write(claim_at(context), source, 4, ahead_ps);
    }
    bool pending(unsigned source) { return h.read(SOC_PLIC_PENDING + 4 * (source / 32)) >> source % 32 & 1; }
    bool line(unsigned hart) {
        settle();
        bool level = false;
        for (const auto& s : seen)
            if (s.hart == hart) level = s.level;
        return level;
    }
};

TEST(plic, serves_a_level_from_request_to_completion) {
    bench b;
    b.priority(33, 3);
    b.enable(2, 33); // machine, hart 1
    run_to(1000);
    b.p.set(33, true);
    EXPECT_TRUE(b.pending(33));
    EXPECT_TRUE(b.line(1));
    EXPECT_EQ(b.seen, (changes{{1000, 1, true}}));
    EXPECT_EQ(b.claim(0), 0u) << "not enabled there";
    EXPECT_EQ(b.claim(2), 33u);
    EXPECT_EQ(b.seen.back(), (change{1000, 1, false})) << "within the access";
    EXPECT_FALSE(b.pending(33));
    EXPECT_EQ(b.claim(2), 0u);
    // Served, but the device has not let go.
    b.complete(2, 33);
    EXPECT_TRUE(b.pending(33));
    EXPECT_TRUE(b.line(1));
    EXPECT_EQ(b.claim(2), 33u);
    b.p.set(33, false);
    b.complete(2, 33);
    EXPECT_FALSE(b.pending(33));
    EXPECT_FALSE(b.line(1));
}

TEST(plic, a_request_stays_though_the_line_goes_down) {
    bench b;
    b.priority(1, 1);
    b.enable(0, 1);
    b.p.set(1, true);
    b.p.set(1, false);
    EXPECT_TRUE(b.line(0));
    // Up again while one is under way: one request, not two.
    b.p.set(1, true);
    b.p.set(1, false);
    EXPECT_EQ(b.claim(0), 1u);
    b.p.set(1, true);
    b.p.set(1, false);
    EXPECT_FALSE(b.pending(1)) << "nothing passes before completion";
    b.complete(0, 1);
    EXPECT_EQ(b.claim(0), 0u) << "the line is down, and was not looked at in between";
}

TEST(plic, takes_the_highest_priority_and_of_equal_ones_the_lowest_number) {
    bench b;
    for (const unsigned s : {5, 9, 17, 32, 40}) {
        b.enable(0, s);
        b.p.set(s, true);
    }
    b.priority(5, 2);
    b.priority(9, 7);
    b.priority(17, 2);
    b.priority(32, 7);
    b.priority(40, 0); // never
    for (const unsigned expected : {9, 32, 5, 17, 0}) EXPECT_EQ(b.claim(0), expected);
    EXPECT_TRUE(b.pending(40));
    b.priority(40, 1);
    EXPECT_TRUE(b.line(0));
    EXPECT_EQ(b.claim(0), 40u);
}

TEST(plic, the_threshold_masks_the_line_and_not_the_claim) {
    bench b;
    b.priority(4, 3);
    b.enable(1, 4); // supervisor, hart 0
    b.p.set(4, true);
    EXPECT_TRUE(b.line(0));
    b.threshold(1, 3);
    EXPECT_FALSE(b.line(0)) << "not above";
    b.threshold(1, 2);
    EXPECT_TRUE(b.line(0));
    b.threshold(1, 7);
    EXPECT_FALSE(b.line(0));
    EXPECT_EQ(b.claim(1), 4u);
}

TEST(plic, a_harts_line_is_that_of_either_of_its_contexts) {
    bench b;
    b.priority(1, 1);
    b.priority(2, 1);
    b.enable(0, 1);
    b.enable(1, 2);
    b.p.set(1, true);
    b.p.set(2, true);
    EXPECT_TRUE(b.line(0));
    EXPECT_FALSE(b.line(1));
    EXPECT_EQ(b.claim(0), 1u);
    EXPECT_TRUE(b.line(0)) << "the other context's";
    EXPECT_EQ(b.claim(1), 2u);
    EXPECT_FALSE(b.line(0));
    EXPECT_EQ(b.seen.size(), 2u) << "changes, not calls";
}

TEST(plic, of_contexts_that_compete_one_gets_it) {
    bench b;
    b.priority(8, 1);
    b.enable(0, 8);
    b.enable(2, 8);
    b.p.set(8, true);
    EXPECT_TRUE(b.line(0));
    EXPECT_TRUE(b.line(1));
    EXPECT_EQ(b.claim(2), 8u);
    EXPECT_FALSE(b.line(0));
    EXPECT_FALSE(b.line(1));
    EXPECT_EQ(b.claim(0), 0u);
    b.complete(0, 8); // another context may complete
    EXPECT_TRUE(b.line(0));
}

TEST(plic, completions_of_what_is_not_enabled_are_ignored) {
    bench b;
    b.priority(8, 1);
    b.enable(0, 8);
    b.p.set(8, true);
    EXPECT_EQ(b.claim(0), 8u);
    b.complete(1, 8);
    b.complete(0, 0);
    b.complete(0, 7);
    b.complete(0, 1024 + 8);
    b.complete(0, ~0u);
    EXPECT_FALSE(b.pending(8));
    b.complete(0, 8);
    EXPECT_TRUE(b.pending(8));
}

TEST(plic, lines_rise_in_the_kernels_time) {
    bench b;
    b.priority(1, 1);
    b.priority(2, 1);
    b.enable(0, 1);
    b.enable(2, 2);
    run_to(1000);
    b.p.set(1, true);
    settle();
    // Hart 0 is 50 ns ahead, serves it, and the device has not let go.
    EXPECT_EQ(b.claim(0, 50000), 1u);
    EXPECT_EQ(b.seen.back(), (change{1000, 0, false}));
    b.complete(0, 1, 60000);
    run_to(30000);
    b.p.set(2, true); // which does not concern hart 0
    settle();
    EXPECT_EQ(b.seen.back(), (change{30000, 1, true}));
    run_to(60999);
    EXPECT_EQ(b.seen.size(), 3u);
    run_to(61000);
    EXPECT_EQ(b.seen.back(), (change{61000, 0, true}));
    EXPECT_EQ(b.claim(0), 1u);
    // Due at a time of its own, but another reason comes before.
    b.complete(0, 1, 60000);
    b.enable(0, 2);
    settle();
    EXPECT_EQ(b.seen.back(), (change{61000, 0, true}));
    // What was to come is taken back with its reason.
    EXPECT_EQ(b.claim(0), 1u);
    EXPECT_EQ(b.claim(0), 2u);
    b.complete(0, 1, 5000);
    EXPECT_EQ(b.claim(0, 6000), 1u);
    const auto before = b.seen.size();
    run(20000);
    EXPECT_EQ(b.seen.size(), before);
}

TEST(plic, what_a_hart_ahead_lets_through_comes_at_its_time) {
    bench b;
    b.priority(1, 1);
    b.enable(2, 1);
    b.threshold(2, 1);
    b.p.set(1, true);
    b.threshold(2, 0, 5000);
    run_to(4999);
    EXPECT_TRUE(b.seen.empty());
    run_to(5000);
    EXPECT_EQ(b.seen, (changes{{5000, 1, true}}));
    b.threshold(2, 1, 5000);
    EXPECT_EQ(b.seen.back(), (change{5000, 1, false})) << "and down at once";
}

TEST(plic, debug_reads_of_a_claim_take_nothing) {
    bench b;
    b.priority(6, 1);
    b.enable(0, 6);
    b.p.set(6, true);
    EXPECT_EQ(b.h.peek(bench::claim_at(0)), 6u);
    EXPECT_EQ(b.h.peek(bench::claim_at(0)), 6u);
    EXPECT_EQ(b.h.poke(SOC_PLIC_PRIORITY + 4 * 6, 0), 4u);
    EXPECT_EQ(b.h.poke(bench::claim_at(0), 6), 4u);
    EXPECT_TRUE(b.line(0));
    EXPECT_EQ(b.claim(0), 6u);
}

TEST(plic, registers_are_words_at_the_places_of_the_specification) {
    bench b(40, 2);
    constexpr auto ok = tlm::TLM_OK_RESPONSE, address = tlm::TLM_ADDRESS_ERROR_RESPONSE,
                   burst = tlm::TLM_BURST_ERROR_RESPONSE, command = tlm::TLM_COMMAND_ERROR_RESPONSE;
    for (const std::uint64_t at : {0x0, 0x4, 0xffc, 0x2000, 0x207c, 0x2080, 0x21fc, 0x200000, 0x203004}) {
        EXPECT_EQ(b.h.read_status(at, 4), ok) << std::hex << at;
        EXPECT_EQ(b.h.write_status(at, 4), ok) << std::hex << at;
        for (const unsigned bytes : {1u, 2u, 8u}) EXPECT_EQ(b.h.read_status(at, bytes), burst) << std::hex << at;
        EXPECT_EQ(b.h.write_status(at, 8), burst);
        EXPECT_EQ(b.h.read_status(at + 2, 4), address) << std::hex << at;
    }
    for (const std::uint64_t at : {0x1000, 0x107c}) {
        EXPECT_EQ(b.h.read_status(at, 4), ok);
        EXPECT_EQ(b.h.write_status(at, 4), command) << "pending bits are read only";
    }
    for (const std::uint64_t at : {0x1080, 0x1ffc, 0x2200, 0x1f1ffc, 0x1ffffc, 0x200008, 0x200ffc, 0x204000, 0x3fffffc})
        EXPECT_EQ(b.h.read_status(at, 4), address) << std::hex << at;
    // What does not exist reads 0 and ignores; priorities have three bits.
    b.priority(0, 5);
    b.priority(40, 0xffffffff);
    b.priority(41, 5);
    EXPECT_EQ(b.h.read(0), 0u);
    EXPECT_EQ(b.h.read(4 * 40), 7u);
    EXPECT_EQ(b.h.read(4 * 41), 0u);
    b.h.write(0x2000, 0xffffffff);
    b.h.write(0x2004, 0xffffffff);
    b.h.write(0x2008, 0xffffffff);
    EXPECT_EQ(b.h.read(0x2000), 0xfffffffeu);
    EXPECT_EQ(b.h.read(0x2004), 0x1ffu);
    EXPECT_EQ(b.h.read(0x2008), 0u);
    b.threshold(3, 0xfffffffd);
    EXPECT_EQ(b.h.read(0x203000), 5u);
}

TEST(plic, parameters_and_sources_are_checked) {
    EXPECT_THROW(plic("no_source", 0, 1, access_ps), cimtlm::input_error);
    EXPECT_THROW(plic("many_sources", 1024, 1, access_ps), cimtlm::input_error);
    EXPECT_THROW(plic("no_hart", 1, 0, access_ps), cimtlm::input_error);
    EXPECT_THROW(plic("many_harts", 1, 7937, access_ps), cimtlm::input_error);
    plic p("plic", 5, 1, access_ps);
    EXPECT_THROW(p.set(0, true), std::out_of_range);
    EXPECT_THROW(p.set(6, true), std::out_of_range);
}

} // namespace
