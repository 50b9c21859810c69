/// Is every error of the device told with code, command and address, and is a wrong argument refused before it is sent?
#include "bench.h"
#include "random_product.h"

#include <fstream>
#include <functional>
#include <regex>
#include <set>
#include <sstream>

namespace {

/// A product that the device takes.
product small(const bench& b) {
    product g = {};
    g.m = 4;
    g.n = 5;
    g.k = 6;
    g.a_bits = g.b_bits = 8;
    g.z_bits = 32;
    g.a = b.address(0x1000);
    g.b = b.address(0x2000);
    g.z = b.address(0x3000);
    return g;
}

/// The descriptor of small().
std::vector<std::uint32_t> words_of_small(const bench& b) {
    auto d = command(CIM_COMMAND_GEMM);
    d[CIM_WORD_PRECISION] = 8 | 8 << 8 | 32 << 16;
    d[CIM_WORD_M] = 4;
    d[CIM_WORD_N] = 5;
    d[CIM_WORD_K] = 6;
    const auto set = [&](std::uint32_t word, std::uint64_t address) {
        d[word] = static_cast<std::uint32_t>(address);
        d[word + 1] = static_cast<std::uint32_t>(address >> 32);
    };
    set(CIM_WORD_A_LO, b.address(0x1000));
    set(CIM_WORD_B_LO, b.address(0x2000));
    set(CIM_WORD_Z_LO, b.address(0x3000));
    d[CIM_WORD_A_STRIDE] = 6;
    d[CIM_WORD_B_STRIDE] = 5;
    d[CIM_WORD_Z_STRIDE] = 20;
    return d;
}

struct case_of_error {
    std::uint32_t code;
    const char* what;
    std::function<void(bench&, std::vector<std::uint32_t>&)> spoil;
    std::uint64_t address = 0; ///< offset in system memory, 0: not looked at
};

std::vector<case_of_error> cases() {
    const auto word = [](std::uint32_t i, std::uint32_t value) {
        return [=](bench&, std::vector<std::uint32_t>& d) { d[i] = value; };
    };
    const auto flag = [](std::uint32_t flags) {
        return [=](bench&, std::vector<std::uint32_t>& d) { d[CIM_WORD_COMMAND] |= flags; };
    };
    return {
        {CIM_ERROR_COMMAND_UNKNOWN, "command 0", word(CIM_WORD_COMMAND, 0)},
        {CIM_ERROR_COMMAND_UNKNOWN, "command 5", word(CIM_WORD_COMMAND, 5)},
        {CIM_ERROR_DESCRIPTOR, "an unknown flag", flag(1u << 31)},
        {CIM_ERROR_DESCRIPTOR, "a flag of another command", word(CIM_WORD_COMMAND, CIM_COMMAND_FENCE | CIM_FLAG_HELD)},
        {CIM_ERROR_DESCRIPTOR, "the last word", word(31, 1)},
        {CIM_ERROR_DESCRIPTOR, "scale without requantisation", word(CIM_WORD_SCALE, 1)},
        {CIM_ERROR_DESCRIPTOR, "C that nobody uses", word(CIM_WORD_C_STRIDE, 20)},
        {CIM_ERROR_PRECISION, "A of 4 bits", word(CIM_WORD_PRECISION, 4 | 8 << 8 | 32 << 16)},
        {CIM_ERROR_PRECISION, "B of 32 bits", word(CIM_WORD_PRECISION, 8 | 32 << 8 | 32 << 16)},
        {CIM_ERROR_PRECISION, "Z of 8 bits, not requantised", word(CIM_WORD_PRECISION, 8 | 8 << 8 | 8 << 16)},
        {CIM_ERROR_EXTENT, "M 0", word(CIM_WORD_M, 0)},
        {CIM_ERROR_EXTENT, "N above its limit", word(CIM_WORD_N, 49)},
        {CIM_ERROR_EXTENT, "K above its limit", word(CIM_WORD_K, 257)},
        {CIM_ERROR_STRIDE, "A's rows overlap", word(CIM_WORD_A_STRIDE, 5)},
        {CIM_ERROR_STRIDE, "Z's stride is odd", word(CIM_WORD_Z_STRIDE, 21)},
        {CIM_ERROR_ADDRESS, "Z at an odd address", [](bench&, std::vector<std::uint32_t>& d) { d[CIM_WORD_Z_LO] += 2; },
         0x3002},
        {CIM_ERROR_ADDRESS, "leaves the activation memory",
         [](bench& b, std::vector<std::uint32_t>& d) {
             d[CIM_WORD_COMMAND] |= CIM_FLAG_A_LOCAL;
             d[CIM_WORD_A_LO] = static_cast<std::uint32_t>(b.device.activation.size() - 8);
             d[CIM_WORD_A_HI] = 0;
         }},
        {CIM_ERROR_ARRAYS, "first array", word(CIM_WORD_FIRST_ARRAY, 4)},
        {CIM_ERROR_ARRAYS, "arrays", word(CIM_WORD_ARRAYS, 5)},
        {CIM_ERROR_WEIGHTS_TOO_LARGE, "weights that cannot be held",
         [](bench&, std::vector<std::uint32_t>& d) {
             const auto b_lo = d[CIM_WORD_B_LO], b_hi = d[CIM_WORD_B_HI];
             d = command(CIM_COMMAND_LOAD_WEIGHTS);
             d[CIM_WORD_PRECISION] = 8 << 8;
             d[CIM_WORD_N] = 48;
             d[CIM_WORD_K] = 43;
             d[CIM_WORD_B_LO] = b_lo;
             d[CIM_WORD_B_HI] = b_hi;
             d[CIM_WORD_B_STRIDE] = 48;
         }},
        {CIM_ERROR_MODE, "arrays are memory",
         [](bench& b, std::vector<std::uint32_t>&) { cim_mode(&b.cim, CIM_MODE_MEMORY); }},
        {CIM_ERROR_MODE, "no such mode",
         [](bench&, std::vector<std::uint32_t>& d) {
             d = command(CIM_COMMAND_MODE);
             d[CIM_WORD_MODE] = 2;
         }},
        {CIM_ERROR_WORKSPACE, "K is too long",
         [](bench&, std::vector<std::uint32_t>& d) {
             d[CIM_WORD_K] = 129;
             d[CIM_WORD_A_STRIDE] = 129;
             d[CIM_WORD_COMMAND] |= CIM_FLAG_REQUANTISE;
         }},
        {CIM_ERROR_REQUANTISATION, "shift",
         [](bench&, std::vector<std::uint32_t>& d) {
             d[CIM_WORD_COMMAND] |= CIM_FLAG_REQUANTISE;
             d[CIM_WORD_SHIFT] = 63;
         }},
        {CIM_ERROR_REQUANTISATION, "empty clamp",
         [](bench&, std::vector<std::uint32_t>& d) {
             d[CIM_WORD_COMMAND] |= CIM_FLAG_REQUANTISE;
             d[CIM_WORD_CLAMP_MIN] = 1;
         }},
        {CIM_ERROR_MAPPING, "no mapping", [](bench& b, std::vector<std::uint32_t>&) { b.device.no_mapping = true; }},
        {CIM_ERROR_READ, "A is refused",
         [](bench& b, std::vector<std::uint32_t>&) {
             b.device.refused_begin = b.address(0x1004);
             b.device.refused_end = b.address(0x1005);
         },
         0x1004},
        {CIM_ERROR_WRITE, "Z is refused",
         [](bench& b, std::vector<std::uint32_t>&) {
             b.device.refused_begin = b.address(0x2fff);
             b.device.refused_end = b.address(0x3001);
         },
         0x3000},
    };
}

/// All codes that any of these tests has met; the last test looks at them.
std::set<std::uint32_t> codes_of_cases() {
    std::set<std::uint32_t> codes;
    for (const auto& c : cases()) codes.insert(c.code);
    return codes;
}

TEST(driver_errors, code_command_and_address_are_told) {
    for (std::uint32_t entries : {0u, 8u})
        for (const auto& c : cases()) {
            SCOPED_TRACE(std::string(c.what) + (entries ? ", ring" : ", registers"));
            bench b;
            b.device.preset(entries ? 0xfffffffd : 0);
            ASSERT_NO_FATAL_FAILURE(b.start(entries));
            const auto good = words_of_small(b);
            ASSERT_EQ(cim_submit(&b.cim, good.data(), nullptr), CIM_OK);
            ASSERT_EQ(cim_wait_all(&b.cim), CIM_OK) << cim_error_text(b.cim.error.code);
            auto bad = good;
            c.spoil(b, bad);
            const std::uint32_t number = b.cim.submitted;
            std::uint32_t ticket;
            ASSERT_EQ(cim_submit(&b.cim, bad.data(), &ticket), CIM_OK);
            EXPECT_EQ(cim_wait(&b.cim, ticket), CIM_STOPPED);
            const struct cim_error* error = cim_last_error(&b.cim);
            EXPECT_EQ(error->code, c.code) << cim_error_text(error->code);
            EXPECT_EQ(error->command, number);
            EXPECT_TRUE(!c.address || error->address == b.address(c.address)) << error->address;

            // Nothing runs until reset; then all does.
            const auto result = cim_submit(&b.cim, good.data(), nullptr);
            EXPECT_EQ(result ? result : cim_wait_all(&b.cim), CIM_STOPPED);
            b.device.refused_begin = b.device.refused_end = 0;
            b.device.no_mapping = false;
            ASSERT_EQ(cim_reset(&b.cim), CIM_OK);
            EXPECT_EQ(cim_last_error(&b.cim)->code, CIM_ERROR_NONE);
            EXPECT_EQ(cim_mode(&b.cim, CIM_MODE_COMPUTE), CIM_OK);
            EXPECT_EQ(cim_submit(&b.cim, good.data(), nullptr), CIM_OK);
            EXPECT_EQ(cim_wait_all(&b.cim), CIM_OK) << cim_error_text(b.cim.error.code);
        }
}

TEST(driver_errors, an_error_ends_the_wait_for_room) {
    for (std::uint32_t entries : {0u, 4u}) {
        bench b;
        ASSERT_NO_FATAL_FAILURE(b.start(entries));
        ASSERT_EQ(cim_submit(&b.cim, command(99).data(), nullptr), CIM_OK);
        int result = CIM_OK;
        for (int i = 0; i < 20 && !result; ++i) result = cim_submit(&b.cim, command(CIM_COMMAND_FENCE).data(), nullptr);
        EXPECT_EQ(result, CIM_STOPPED);
        auto g = small(b);
        EXPECT_EQ(cim_gemm(&b.cim, &g), CIM_STOPPED);
    }
}

TEST(driver_errors, what_was_finished_before_is_finished) {
    bench b;
    ASSERT_NO_FATAL_FAILURE(b.start(8));
    std::uint32_t good, bad;
    ASSERT_EQ(cim_submit(&b.cim, command(CIM_COMMAND_FENCE).data(), &good), CIM_OK);
    ASSERT_EQ(cim_submit(&b.cim, command(99).data(), &bad), CIM_OK);
    EXPECT_EQ(cim_wait(&b.cim, bad), CIM_STOPPED);
    EXPECT_EQ(cim_wait(&b.cim, good), CIM_OK);
}

TEST(driver_errors, of_ring_and_queue) {
    const auto stopped = [](bench& b, std::uint32_t code) {
        EXPECT_EQ(cim_wait(&b.cim, b.cim.submitted + 1), CIM_STOPPED);
        EXPECT_EQ(b.cim.error.code, code);
        EXPECT_EQ(b.cim.error.command, b.cim.submitted);
    };
    {
        bench b; // the driver checks all that it can: past it
        ASSERT_EQ(cim_probe(&b.cim, &b.io), CIM_OK);
        b.device.write(CIM_RING_ENTRIES, 5);
        b.device.write(CIM_CONTROL, CIM_CONTROL_ENABLE);
        stopped(b, CIM_ERROR_RING);
    }
    {
        bench b;
        ASSERT_NO_FATAL_FAILURE(b.start(4));
        b.device.write(CIM_RING_TAIL, b.cim.ring_tail + 5);
        stopped(b, CIM_ERROR_RING_OVERRUN);
    }
    {
        bench b;
        ASSERT_NO_FATAL_FAILURE(b.start());
        b.device.stuck = true;
        for (int i = 0; i < 4; ++i) b.device.write(CIM_SUBMIT, 1);
        EXPECT_EQ(cim_wait(&b.cim, b.cim.submitted + 1), CIM_STOPPED);
        EXPECT_EQ(b.cim.error.code, CIM_ERROR_QUEUE_FULL);
        EXPECT_EQ(b.cim.error.command, b.cim.submitted + 3);
    }
    {
        bench b; // the ring lies where the bus has nothing
        ASSERT_EQ(cim_probe(&b.cim, &b.io), CIM_OK);
        std::vector<std::uint32_t> elsewhere(4 * CIM_DESCRIPTOR_WORDS);
        ASSERT_EQ(cim_ring_init(&b.cim, elsewhere.data(), 0x100, 4), CIM_OK);
        EXPECT_EQ(cim_mode(&b.cim, CIM_MODE_COMPUTE), CIM_STOPPED);
        EXPECT_EQ(b.cim.error.code, CIM_ERROR_FETCH);
        EXPECT_EQ(b.cim.error.address, 0x100u);
    }
    {
        mock::config c;
        c.capabilities &= ~CIM_CAPABILITY_DMA;
        bench b(c);
        ASSERT_NO_FATAL_FAILURE(b.start());
        const auto words = words_of_small(b);
        const auto number = b.cim.submitted;
        ASSERT_EQ(cim_submit(&b.cim, words.data(), nullptr), CIM_OK);
        EXPECT_EQ(cim_wait_all(&b.cim), CIM_STOPPED);
        EXPECT_EQ(b.cim.error.code, CIM_ERROR_NO_DMA);
        EXPECT_EQ(b.cim.error.command, number);
        auto g = small(b);
        EXPECT_EQ(cim_gemm(&b.cim, &g), CIM_NO_DMA) << "the driver knows";
        EXPECT_EQ(cim_load_weights(&b.cim, &g), CIM_NO_DMA);
    }
}

TEST(driver_errors, every_code_is_met_and_has_a_text) {
    std::ifstream stream(CIMTLM_SOURCE_DIR "/driver/cim_registers.h");
    std::stringstream header;
    header << stream.rdbuf();
    const std::string text = header.str();
    const std::regex line("#define (CIM_ERROR_[A-Z_]+) ([0-9]+)u");
    auto codes = codes_of_cases();
    codes.insert({CIM_ERROR_NONE, CIM_ERROR_RING, CIM_ERROR_RING_OVERRUN, CIM_ERROR_QUEUE_FULL, CIM_ERROR_FETCH,
                  CIM_ERROR_NO_DMA}); // of_ring_and_queue
    std::set<std::string> texts;
    std::uint32_t highest = 0;
    for (std::sregex_iterator i(text.begin(), text.end(), line), end; i != end; ++i) {
        const auto code = static_cast<std::uint32_t>(std::stoul((*i)[2]));
        EXPECT_EQ(codes.count(code), 1u) << (*i)[1] << " is not tested";
        EXPECT_STRNE(cim_error_text(code), "unknown error") << (*i)[1];
        EXPECT_TRUE(texts.insert(cim_error_text(code)).second) << (*i)[1];
        highest = std::max(highest, code);
    }
    EXPECT_EQ(texts.size(), codes.size());
    EXPECT_STREQ(cim_error_text(highest + 1), "unknown error");
    EXPECT_STREQ(cim_error_text(0xffffffff), "unknown error");
}

TEST(driver_errors, wrong_arguments_are_not_sent) {
    bench b;
    ASSERT_NO_FATAL_FAILURE(b.start(8));
    const auto submitted = b.cim.submitted;
    const auto refused = [&](int result, const char* what, const std::function<void(product&)>& spoil) {
        auto g = small(b);
        spoil(g);
        std::uint32_t ticket = 0;
        EXPECT_EQ(cim_gemm_submit(&b.cim, &g, &ticket), result) << what;
        EXPECT_EQ(ticket, submitted) << what;
    };
    const auto wrong = [&](const char* what, const std::function<void(product&)>& spoil) {
        refused(CIM_BAD_ARGUMENT, what, spoil);
    };
    EXPECT_EQ(cim_gemm(&b.cim, nullptr), CIM_BAD_ARGUMENT);
    EXPECT_EQ(cim_load_weights(&b.cim, nullptr), CIM_BAD_ARGUMENT);
    EXPECT_EQ(cim_submit(&b.cim, nullptr, nullptr), CIM_BAD_ARGUMENT);
    EXPECT_EQ(cim_mode(&b.cim, 2), CIM_BAD_ARGUMENT);
    wrong("M", [](auto& g) { g.m = 0; });
    wrong("N", [](auto& g) { g.n = 0; });
    wrong("K", [](auto& g) { g.k = 0; });
    wrong("A's bits", [](auto& g) { g.a_bits = 4; });
    wrong("B's bits", [](auto& g) { g.b_bits = 32; });
    wrong("Z's bits", [](auto& g) { g.z_bits = 16; });
    wrong("flag", [](auto& g) { g.flags = CIM_FLAG_WORKSPACE; });
    wrong("command", [](auto& g) { g.flags = CIM_COMMAND_GEMM; });
    wrong("A's stride", [](auto& g) { g.a_stride = 5; });
    wrong("B's stride", [](auto& g) { g.b_stride = 4; });
    wrong("Z's stride", [](auto& g) { g.z_stride = 22; });
    wrong("a row beyond 2^32", [](auto& g) { g.k = 0x80000000u, g.a_bits = 16; });
    wrong("C's stride", [](auto& g) { g.flags = CIM_FLAG_ACCUMULATE, g.c_stride = 16; });
    wrong("C's address", [](auto& g) { g.flags = CIM_FLAG_ACCUMULATE, g.c = 2; });
    wrong("Z's address", [](auto& g) { g.z += 2; });
    wrong("A's address", [](auto& g) { g.a_bits = 16, ++g.a; });
    wrong("first array", [](auto& g) { g.first_array = 4; });
    wrong("arrays", [](auto& g) { g.first_array = 2, g.arrays = 3; });
    const auto requantised = [](product& g) {
        g.flags |= CIM_FLAG_REQUANTISE;
        g.z_bits = 8;
        g.clamp_min = -128;
        g.clamp_max = 127;
    };
    wrong("shift", [&](auto& g) { requantised(g), g.shift = CIM_MAX_SHIFT + 1; });
    wrong("clamp", [&](auto& g) { requantised(g), g.clamp_min = 128; });
    wrong("clamp below", [&](auto& g) { requantised(g), g.clamp_min = -129; });
    wrong("clamp above", [&](auto& g) { requantised(g), g.clamp_max = 256; });
    wrong("bits", [&](auto& g) { requantised(g), g.z_bits = 24; });
    wrong("workspace", [&](auto& g) { requantised(g), g.k = 129, g.workspace = 2, g.workspace_bytes = 400; });
    refused(CIM_NO_WORKSPACE, "K", [&](auto& g) { requantised(g), g.k = 129; });
    refused(CIM_NO_WORKSPACE, "K", [&](auto& g) { requantised(g), g.tile_k = 5; });
    refused(CIM_NO_WORKSPACE, "room", [&](auto& g) { requantised(g), g.tile_k = 5, g.workspace_bytes = 3; });
    refused(CIM_TOO_LARGE, "held N", [](auto& g) { g.flags = CIM_FLAG_HELD, g.n = 49; });
    refused(CIM_TOO_LARGE, "held K", [](auto& g) { g.flags = CIM_FLAG_HELD, g.k = 129; });

    const auto load = [&](const std::function<void(product&)>& spoil) {
        auto g = small(b);
        spoil(g);
        return cim_load_weights(&b.cim, &g);
    };
    EXPECT_EQ(load([](auto& g) { g.n = 0; }), CIM_BAD_ARGUMENT);
    EXPECT_EQ(load([](auto& g) { g.b_bits = 7; }), CIM_BAD_ARGUMENT);
    EXPECT_EQ(load([](auto& g) { g.b_stride = 3; }), CIM_BAD_ARGUMENT);
    EXPECT_EQ(load([](auto& g) { g.first_array = 9; }), CIM_BAD_ARGUMENT);
    EXPECT_EQ(load([](auto& g) { g.n = 16, g.k = 129; }), CIM_TOO_LARGE);
    EXPECT_EQ(load([](auto& g) { g.n = 17, g.k = 65; }), CIM_TOO_LARGE) << "bytes for it there are";
    EXPECT_EQ(load([](auto& g) { g.n = 17, g.k = 33, g.b_bits = 16; }), CIM_TOO_LARGE);
    EXPECT_EQ(load([](auto& g) { g.n = 8, g.k = 33, g.arrays = 1; }), CIM_TOO_LARGE);
    EXPECT_EQ(load([](auto& g) { g.n = 49, g.k = 1; }), CIM_TOO_LARGE);
    EXPECT_EQ(b.cim.submitted, submitted);
    EXPECT_EQ(load([](auto& g) { g.n = 32, g.k = 64; }), CIM_OK);
    EXPECT_EQ(load([](auto& g) { g.n = 16, g.k = 64, g.b_bits = 16; }), CIM_OK);
    EXPECT_EQ(load([](auto& g) { g.n = 8, g.k = 32, g.arrays = 1; }), CIM_OK);

    ASSERT_EQ(cim_mode(&b.cim, CIM_MODE_MEMORY), CIM_OK);
    auto g = small(b);
    EXPECT_EQ(cim_gemm(&b.cim, &g), CIM_WRONG_MODE);
    EXPECT_FALSE(b.device.read(CIM_STATUS) & CIM_STATUS_ERROR);
}

} // namespace
