/// Are products of any size, precision, placement and tiling exact, and is nothing else written?
#include "bench.h"
#include "random_product.h"

#include <sstream>
#include <utility>

namespace {

/// Runs on the device's memories and on copies of them.
struct comparison {
    comparison(bench& b, std::uint64_t seed)
        : b(b)
        , maker(seed, expected) {
        expected.system.resize(b.device.memory.size());
        expected.activation.resize(b.device.activation.size());
        expected.base = b.device.configuration.memory_base;
        maker.fill(expected.system);
        maker.fill(expected.activation);
        b.device.memory = expected.system;
        b.device.activation = expected.activation;
    }

    void compare(const product& g, std::uint32_t ring) {
        memories found{b.device.memory, b.device.activation, expected.base};
        forget_workspace(g, found);
        forget_workspace(g, expected);
        found.system.resize(b.ring_offset(ring));
        expected.system.resize(b.ring_offset(ring));
        const auto system = std::mismatch(found.system.begin(), found.system.end(), expected.system.begin());
        if (system.first != found.system.end())
            ADD_FAILURE() << "system memory differs at " << system.first - found.system.begin() << ", Z at "
                          << g.z - expected.base;
        const auto local = std::mismatch(found.activation.begin(), found.activation.end(), expected.activation.begin());
        if (local.first != found.activation.end())
            ADD_FAILURE() << "activation memory differs at " << local.first - found.activation.begin();
    }

    bench& b;
    memories expected;
    product_maker maker;
};

mock::config random_device(std::mt19937_64& random) {
    const auto below = [&](std::uint32_t n) { return static_cast<std::uint32_t>(random() % n); };
    mock::config c;
    c.arrays = 1 + below(6);
    c.rows = 8u << below(4);
    c.columns = 4u << below(3);
    c.max_m = 1 + below(64);
    c.max_n = 1 + below(64);
    c.max_k = 8 + below(400);
    c.queue = 1 + below(4);
    c.steps_a_command = below(4);
    c.memory_bytes = 256 * 1024;
    c.memory_base = random() % 2 ? 0x8'0000'0000 : 0x1000;
    return c;
}

std::uint32_t random_ring(std::mt19937_64& random) { return random() % 3 ? 1u << random() % 7 : 0; }

TEST(driver_gemm, streaming_products_are_exact) {
    constexpr int trials = 600;
    std::size_t commands = 0, requantised = 0, with_workspace = 0, cut_k = 0;
    for (int seed = 1; seed <= trials; ++seed) {
        std::mt19937_64 random(static_cast<std::uint64_t>(seed));
        bench b(random_device(random));
        comparison run(b, random());
        b.device.preset(static_cast<std::uint32_t>(random()) % 2 ? ~0u - static_cast<std::uint32_t>(random() % 20) : 0);
        const std::uint32_t ring = random_ring(random);
        auto& maker = run.maker;
        auto g = maker.make(maker.extent(70), maker.extent(70), maker.extent(300));
        maker.add_tiles(g);
        if (maker.chance(0.3)) {
            g.first_array = static_cast<std::uint32_t>(maker.below(b.device.configuration.arrays));
            g.arrays = static_cast<std::uint32_t>(maker.below(b.device.configuration.arrays - g.first_array + 1));
        }
        if (g.z_bits != 32 || maker.chance(0.2)) maker.add_workspace(g);
        std::ostringstream what;
        what << g;
        SCOPED_TRACE("seed " + std::to_string(seed) + ": " + what.str());
        ASSERT_NO_FATAL_FAILURE(b.start(ring));
        apply_reference(g, run.expected);
        const auto before = b.device.executed.size();
        ASSERT_EQ(cim_gemm(&b.cim, &g), CIM_OK) << cim_error_text(b.cim.error.code);
        run.compare(g, ring);
        if (HasFailure()) return;
        commands += b.device.executed.size() - before;
        requantised += (g.flags & CIM_FLAG_REQUANTISE) != 0;
        for (const auto& d : b.device.executed) {
            with_workspace += (d[CIM_WORD_COMMAND] & CIM_FLAG_WORKSPACE) != 0;
            cut_k += (d[CIM_WORD_COMMAND] & CIM_COMMAND_MASK) == CIM_COMMAND_GEMM && d[CIM_WORD_K] < g.k;
        }
    }
    // The draw has reached what it is for.
    EXPECT_GT(commands, 10u * trials);
    EXPECT_GT(requantised, trials / 3u);
    EXPECT_GT(with_workspace, trials / 2u);
    EXPECT_GT(cut_k, trials);
}

TEST(driver_gemm, products_with_held_weights_are_exact) {
    for (int seed = 1; seed <= 300; ++seed) {
        std::mt19937_64 random(static_cast<std::uint64_t>(seed));
        bench b(random_device(random));
        comparison run(b, random());
        auto& maker = run.maker;
        const auto& device = b.device.configuration;
        const std::uint32_t ring = random_ring(random);
        const std::uint32_t first = static_cast<std::uint32_t>(maker.below(device.arrays)),
                            arrays = device.arrays - first;
        const std::uint32_t k = maker.extent(std::min({device.max_k, 200u, arrays * device.rows}));
        const std::uint32_t room = arrays / ((k + device.rows - 1) / device.rows) * device.columns;
        auto g = maker.make(maker.extent(200), maker.extent(std::min({room, device.max_n, 70u})), k);
        if (g.n > room / 2 && g.b_bits == 16) g.b_bits = 8; // B is packed or wider then: as good
        g.first_array = first;
        g.tile_m = maker.chance(0.5) ? maker.extent(g.m) : 0;
        g.tile_n = g.tile_k = 1; // no limits for held weights

        std::ostringstream what;
        what << g;
        SCOPED_TRACE("seed " + std::to_string(seed) + ": " + what.str());
        ASSERT_NO_FATAL_FAILURE(b.start(ring));
        apply_reference(g, run.expected);
        ASSERT_EQ(cim_load_weights(&b.cim, &g), CIM_OK);
        auto held = g;
        held.flags |= CIM_FLAG_HELD;
        held.b = 0xdeadbeef; // not used
        held.b_stride = 3;
        ASSERT_EQ(cim_gemm(&b.cim, &held), CIM_OK) << cim_error_text(b.cim.error.code);
        run.compare(g, ring);
        if (HasFailure()) return;
    }
}

TEST(driver_gemm, many_products_run_behind_one_another) {
    bench b;
    comparison run(b, 7);
    ASSERT_NO_FATAL_FAILURE(b.start(32));
    std::vector<std::uint32_t> tickets;
    std::vector<product> products;
    for (int i = 0; i < 20; ++i) {
        auto g = run.maker.make(run.maker.extent(40), run.maker.extent(40), run.maker.extent(100));
        apply_reference(g, run.expected);
        tickets.emplace_back();
        ASSERT_EQ(cim_gemm_submit(&b.cim, &g, &tickets.back()), CIM_OK);
        products.push_back(g);
    }
    EXPECT_FALSE(cim_finished(&b.cim, tickets.back()));
    EXPECT_GT(b.device.most_waiting, 10u);
    for (std::uint32_t ticket : tickets) {
        ASSERT_EQ(cim_wait(&b.cim, ticket), CIM_OK);
        EXPECT_TRUE(cim_finished(&b.cim, ticket));
    }
    EXPECT_EQ(tickets.back(), b.cim.submitted);
    run.compare(products.back(), 32);
}

TEST(driver_gemm, reads_sums_at_their_borders) {
    // 2^31 wraps, ties go up, the shift is arithmetic, the clamp comes last.
    bench b;
    ASSERT_NO_FATAL_FAILURE(b.start());
    const auto one = [&](std::int32_t sum, std::int32_t scale, std::uint32_t shift, std::int32_t zero_point,
                         std::int32_t low, std::int32_t high) {
        product g = {};
        g.flags = CIM_FLAG_ACCUMULATE | CIM_FLAG_REQUANTISE;
        g.m = g.n = g.k = 1;
        g.a_bits = g.b_bits = 8;
        g.z_bits = 32;
        g.a = b.address(0);
        g.b = b.address(1);
        g.c = b.address(4);
        g.z = b.address(8);
        g.scale = scale;
        g.shift = shift;
        g.zero_point = zero_point;
        g.clamp_min = low;
        g.clamp_max = high;
        reference::store(&b.device.memory[0], 8, 1);
        reference::store(&b.device.memory[1], 8, 1);
        reference::store(&b.device.memory[4], 32, sum - reference::wide{1});
        EXPECT_EQ(cim_gemm(&b.cim, &g), CIM_OK);
        return static_cast<std::int64_t>(reference::load(&b.device.memory[8], 32, false));
    };
    EXPECT_EQ(one(5, 1, 1, 0, INT32_MIN, INT32_MAX), 3);
    EXPECT_EQ(one(-5, 1, 1, 0, INT32_MIN, INT32_MAX), -2);
    EXPECT_EQ(one(-6, 1, 1, 0, INT32_MIN, INT32_MAX), -3);
    EXPECT_EQ(one(-7, 1, 2, 0, INT32_MIN, INT32_MAX), -2);
    EXPECT_EQ(one(INT32_MIN, INT32_MIN, 62, 0, INT32_MIN, INT32_MAX), 1);
    EXPECT_EQ(one(INT32_MIN, INT32_MIN, 0, 0, INT32_MIN, INT32_MAX), INT32_MAX);
    EXPECT_EQ(one(INT32_MIN, 1, 0, 0, INT32_MIN, INT32_MAX), INT32_MIN) << "the sum wraps";
    EXPECT_EQ(one(100, 3, 2, -10, -128, 127), 65);
    EXPECT_EQ(one(1000, 3, 2, -10, -128, 127), 127);
    EXPECT_EQ(one(1000, -3, 2, -10, -128, 127), -128);
    EXPECT_EQ(one(0, 1, 0, INT32_MAX, INT32_MIN, INT32_MAX), INT32_MAX);
    EXPECT_EQ(one(1, 1, 0, INT32_MAX, INT32_MIN, INT32_MAX), INT32_MAX) << "the zero point does not wrap";
}

TEST(driver_gemm, cuts_no_more_than_it_must) {
    bench b; // 4 arrays of 32 rows; 64 x 48 x 256
    ASSERT_NO_FATAL_FAILURE(b.start(64));
    product g = {};
    g.m = 64;
    g.n = 48;
    g.k = 128;
    g.a_bits = g.b_bits = 8;
    g.z_bits = 32;
    g.a = b.address(0);
    g.b = b.address(0x10000);
    g.z = b.address(0x20000);
    const auto commands = [&] {
        const auto before = b.device.executed.size();
        EXPECT_EQ(cim_gemm(&b.cim, &g), CIM_OK);
        return b.device.executed.size() - before;
    };
    EXPECT_EQ(commands(), 1u);
    g.k = 129; // sums do not stay in the arrays: Z is room for them without saying
    EXPECT_EQ(commands(), 1u);
    EXPECT_EQ(b.device.executed.back()[CIM_WORD_COMMAND], CIM_COMMAND_GEMM);
    g.k = 257;
    EXPECT_EQ(commands(), 2u);
    g.m = 65;
    g.n = 49;
    EXPECT_EQ(commands(), 8u);
    g.m = 64;
    g.n = 48;
    g.k = 129;
    g.flags = CIM_FLAG_ACCUMULATE;
    g.c = b.address(0x30000);
    g.c_stride = 4 * 48;
    EXPECT_EQ(commands(), 1u);

    g.flags |= CIM_FLAG_REQUANTISE;
    g.clamp_max = 1;
    EXPECT_EQ(commands(), 2u) << "the caller's C is not lost";
    EXPECT_EQ(b.device.executed.back()[CIM_WORD_K], 1u);
    g.k = 256;
    EXPECT_EQ(commands(), 2u);
    g.k = 128;
    EXPECT_EQ(commands(), 1u) << "sums stay in the arrays";
    g.k = 256;
    g.c = g.z;
    EXPECT_EQ(commands(), 1u) << "C is Z";
    EXPECT_TRUE(b.device.executed.back()[CIM_WORD_COMMAND] & CIM_FLAG_WORKSPACE);
    g.c_stride += 4;
    EXPECT_EQ(commands(), 2u) << "it is not";
    g.c_stride = 4 * 48;
    g.flags |= CIM_FLAG_C_LOCAL;
    g.c = g.z; // the same number in another memory: not small enough for it, and not C
    EXPECT_EQ(cim_gemm(&b.cim, &g), CIM_STOPPED);
    EXPECT_EQ(b.cim.error.code, CIM_ERROR_ADDRESS);
    ASSERT_EQ(cim_reset(&b.cim), CIM_OK);
    ASSERT_EQ(cim_mode(&b.cim, CIM_MODE_COMPUTE), CIM_OK);
    g.k = 129;
    g.z = b.address(0x20000);

    g.flags = CIM_FLAG_REQUANTISE;
    g.z_bits = 8;
    g.clamp_max = 127;
    g.c_stride = 0;
    EXPECT_EQ(cim_gemm(&b.cim, &g), CIM_NO_WORKSPACE);
    g.k = 128;
    EXPECT_EQ(commands(), 1u) << "sums stay in the arrays";
    g.k = 129;
    g.workspace = b.address(0x40000);
    g.workspace_bytes = 64 * 48 * 4;
    EXPECT_EQ(commands(), 1u);
    g.workspace_bytes -= 1;
    EXPECT_EQ(commands(), 2u) << "a row less";
    g.workspace_bytes = 48 * 4;
    EXPECT_EQ(commands(), 64u);
    g.workspace_bytes = 24 * 4;
    EXPECT_EQ(commands(), 128u);

    g.workspace_bytes = 2 * 20 * 48 * 4 + 100; // two tiles side by side
    g.tile_m = 20;
    EXPECT_EQ(commands(), 4u);
    std::vector<std::uint32_t> places;
    for (auto i = b.device.executed.end() - 4; i != b.device.executed.end(); ++i)
        places.push_back((*i)[CIM_WORD_C_LO] - static_cast<std::uint32_t>(g.workspace));
    EXPECT_EQ(places, (std::vector<std::uint32_t>{0, 20 * 48 * 4, 0, 20 * 48 * 4}));
}

} // namespace
