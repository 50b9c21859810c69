/// Are the results of a bare macro exact, and do its time and energy follow from its parameters?
#include <cimtlm/mapping/cost.h>
#include <cimtlm/mapping/tile.h>

#include <cstdio>
#include <functional>
#include <map>
#include <memory>

#include "compute_block_bench.h"
#include "macro_bench.h"

namespace {

using namespace macro_bench;

/// A host's view of a product: weights, inputs and precision, and what must come out.
struct product {
    int input_bits, weight_bits;
    bool unsigned_inputs, unsigned_weights;
    std::int64_t rows, columns;
    std::vector<std::int64_t> inputs, weights; // rows x columns

    std::uint32_t precision() const {
        return static_cast<std::uint32_t>(input_bits | weight_bits << 8) |
               (unsigned_inputs ? CIM_MACRO_PRECISION_INPUT_UNSIGNED : 0u) |
               (unsigned_weights ? CIM_MACRO_PRECISION_WEIGHT_UNSIGNED : 0u);
    }
    std::vector<std::uint32_t> sums() const {
        std::vector<std::uint32_t> all(static_cast<std::size_t>(columns));
        for (std::int64_t c = 0; c < columns; ++c) {
            std::uint64_t sum = 0;
            for (std::int64_t r = 0; r < rows; ++r)
                sum += static_cast<std::uint64_t>(inputs[static_cast<std::size_t>(r)] *
                                                  weights[static_cast<std::size_t>(r * columns + c)]);
            all[static_cast<std::size_t>(c)] = static_cast<std::uint32_t>(sum);
        }
        return all;
    }
};

std::int64_t random_value(std::mt19937_64& random, int bits, bool is_unsigned) {
    const std::int64_t low = is_unsigned ? 0 : -(std::int64_t{1} << (bits - 1));
    const std::int64_t high = low + (std::int64_t{1} << bits) - 1;
    if (random() % 8 == 0) return random() % 2 ? low : high; // the ends more often
    return std::uniform_int_distribution<std::int64_t>(low, high)(random);
}

std::vector<unsigned char> bytes_of(const std::int64_t* values, std::int64_t count, int bits) {
    std::vector<unsigned char> bytes;
    for (std::int64_t i = 0; i < count; ++i)
        for (int b = 0; b < bits; b += 8) bytes.push_back(static_cast<unsigned char>(values[i] >> b));
    return bytes;
}

/// Writes the operands as far as they are used.
void load(bench<>& b, const product& p) {
    b.set(CIM_MACRO_PRECISION, p.precision());
    b.write(b.inputs(), bytes_of(p.inputs.data(), p.rows, p.input_bits));
    const std::uint64_t stride = b.peek(CIM_MACRO_WEIGHT_STRIDE);
    for (std::int64_t r = 0; r < p.rows; ++r)
        b.write(b.weights() + static_cast<std::uint64_t>(r) * stride,
                bytes_of(p.weights.data() + r * p.columns, p.columns, p.weight_bits));
}

product random_product(std::mt19937_64& random, bench<>& b) {
    product p;
    p.input_bits = random() % 2 ? 8 : 16;
    p.weight_bits = random() % 2 ? 8 : 16;
    p.unsigned_inputs = random() % 2;
    p.unsigned_weights = random() % 2;
    b.set(CIM_MACRO_PRECISION, p.precision());
    auto columns = b.peek(CIM_MACRO_COLUMNS);
    if (columns == 0) { // too wide for a step
        p.weight_bits = 8;
        b.set(CIM_MACRO_PRECISION, p.precision());
        columns = b.peek(CIM_MACRO_COLUMNS);
    }
    const auto most = [&](std::uint32_t limit) { return 1 + static_cast<std::int64_t>(random() % limit); };
    p.rows = most(b.peek(CIM_MACRO_ROWS));
    p.columns = most(columns);
    for (std::int64_t i = 0; i < p.rows; ++i) p.inputs.push_back(random_value(random, p.input_bits, p.unsigned_inputs));
    for (std::int64_t i = 0; i < p.rows * p.columns; ++i)
        p.weights.push_back(random_value(random, p.weight_bits, p.unsigned_weights));
    return p;
}

TEST(macro_result, hundreds_of_random_products_on_random_macros_are_exact) {
    const auto seed = std::random_device{}();
    std::printf("seed %u\n", seed);
    std::mt19937_64 random(seed);
    std::vector<std::unique_ptr<bench<>>> macros;
    const int bits[] = {1, 2, 3, 4, 5, 8, 12, 16};
    for (int i = 0; i < 40; ++i) {
        auto m = small_macro();
        const auto upto = [&](std::int64_t n) {
            return 1 + static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(n));
        };
        m.input_bits = bits[random() % 8];
        m.weight_bits = bits[random() % 8];
        m.rows_parallel = upto(40);
        m.columns_parallel = (8 + m.weight_bits - 1) / m.weight_bits - 1 + upto(20);
        m.rows_held = upto(4);
        m.columns_held = upto(4);
        macros.push_back(std::make_unique<bench<>>(m, 0, ("bare_" + std::to_string(i)).c_str()));
    }
    sc_core::sc_start(sc_core::SC_ZERO_TIME);
    for (auto& b : macros) {
        std::vector<std::uint32_t> before(b->peek(CIM_MACRO_OUTPUT_BYTES) / 4);
        for (int i = 0; i < 15; ++i) {
            const auto p = random_product(random, *b);
            load(*b, p);
            const bool accumulate = random() % 3 == 0;
            b->start(static_cast<std::uint32_t>(p.rows), static_cast<std::uint32_t>(p.columns), accumulate);
            EXPECT_TRUE(b->busy());
            EXPECT_EQ(b->read<std::uint32_t>(b->outputs(), before.size()), before) << "not visible before the end";
            b->await();
            EXPECT_FALSE(b->busy());
            const auto sums = p.sums();
            for (std::size_t c = 0; c < sums.size(); ++c) before[c] = sums[c] + (accumulate ? before[c] : 0);
            EXPECT_EQ(b->read<std::uint32_t>(b->outputs(), before.size()), before);
            ASSERT_EQ(b->get(CIM_MACRO_ERROR_CODE), CIM_MACRO_ERROR_NONE);
        }
    }
}

std::int64_t time_of(bench<>& b, std::uint32_t rows, std::uint32_t columns) {
    b.start(rows, columns);
    b.await();
    return b.macro.model().end_ps() - b.macro.model().begin_ps();
}

TEST(macro_result, time_is_steps_by_input_slices) {
    bench<> b;
    sc_core::sc_start(sc_core::SC_ZERO_TIME);
    const std::int64_t step = 7000;
    EXPECT_EQ(time_of(b, 1, 1), step);
    EXPECT_EQ(time_of(b, 5, 3), step);
    EXPECT_EQ(time_of(b, 6, 3), 2 * step);
    EXPECT_EQ(time_of(b, 5, 4), 2 * step);
    EXPECT_EQ(time_of(b, 15, 6), 6 * step);
    b.set(CIM_MACRO_PRECISION, 16 | 8 << 8);
    EXPECT_EQ(time_of(b, 15, 6), 12 * step) << "inputs in two slices";
    b.set(CIM_MACRO_PRECISION, 8 | 16 << 8);
    EXPECT_EQ(b.get(CIM_MACRO_COLUMNS), 2u) << "a weight takes two of three columns";
    EXPECT_EQ(time_of(b, 15, 2), 6 * step);
}

struct counts {
    double mac = 0, padding = 0, overhead = 0, write = 0;
};

/// By the action of the part `macro`, and nothing under any other part.
counts charged(const ledger& energy) {
    counts c;
    for (const auto& r : energy.rows()) {
        EXPECT_EQ(r.part, "macro");
        (r.action == "multiply_accumulate" ? c.mac
         : r.action == "padding"           ? c.padding
         : r.action == "write"             ? c.write
                                           : c.overhead) += r.energy_pj();
    }
    return c;
}

TEST(macro_result, energy_is_macs_by_slices_padding_overhead_and_writes) {
    auto m = small_macro();
    m.overhead_energy_pj = 0.125;
    bench<> b(m);
    sc_core::sc_start(sc_core::SC_ZERO_TIME);
    b.write(b.weights(), std::vector<unsigned char>(10));
    auto c = charged(b.energy);
    EXPECT_EQ(c.write, 10 * 2.0);
    EXPECT_EQ(c.mac + c.padding + c.overhead, 0);
    time_of(b, 7, 4); // steps of 5 x 3: 2 x 2, of which 7 x 4 are used
    c = charged(b.energy);
    EXPECT_DOUBLE_EQ(c.mac, 28 * 0.5) << "a MAC is two operations";
    EXPECT_DOUBLE_EQ(c.padding, (4 * 15 - 28) * 0.5);
    EXPECT_DOUBLE_EQ(c.overhead, 4 * 15 * 0.125);
    b.set(CIM_MACRO_PRECISION, 16 | 16 << 8);
    time_of(b, 5, 1); // one step of 5 x 1, in 2 x 2 slices
    const auto wide = charged(b.energy);
    EXPECT_DOUBLE_EQ(wide.mac - c.mac, 4 * 5 * 0.5);
    EXPECT_DOUBLE_EQ(wide.padding - c.padding, 0);
    EXPECT_DOUBLE_EQ(wide.overhead - c.overhead, 4 * 5 * 0.125);
    EXPECT_EQ(wide.write, c.write);
}

TEST(macro_result, the_reading_of_the_mac_energy_is_a_parameter) {
    ledger energy;
    crossbar_macro<> macro("macro", small_macro(), cycle_ps, energy, 0, energy_basis::mac);
    EXPECT_EQ(energy.rows().at(0).unit_energy_pj, 0.25);
}

/// What changes in the small macro, and what must come out.
struct variation {
    std::function<void(published_macro_parameters&)> change;
    std::int64_t write_ps, compute_ps; // of 60 bytes and of the largest product
    double energy_pj;
};

TEST(macro_result, each_parameter_moves_time_and_energy_by_its_amount) {
    using parameters = published_macro_parameters;
    const double macs = 90, bytes = 60;
    const std::int64_t access = 1000, write = 31000, compute = 6 * 7000;
    const double energy = macs * 2 * 0.25 + bytes * 2;
    const std::vector<variation> all = {
        {[](parameters&) {}, write, compute, energy},
        {[](parameters& m) { m.latency_ps *= 3; }, write, 3 * compute, energy},
        {[](parameters& m) { m.latency_ps = 333.25; }, write, 2000, energy}, // rounded up as a whole
        {[](parameters& m) { m.mac_energy_pj = 1; }, write, compute, macs * 2 + bytes * 2},
        {[](parameters& m) { m.write_energy_pj_per_byte = 5; }, write, compute, macs * 0.5 + bytes * 5},
        {[](parameters& m) { m.write_bytes_per_cycle = 1; }, access + 60000, compute, energy},
        {[](parameters& m) { m.write_bytes_per_cycle = 0; }, access + 15000, compute, energy}, // as the bus brings it
        {[](parameters& m) { m.write_row_ps = 1e6; }, access + 10 * 1000000, compute, energy}, // 6 bytes a row
        {[](parameters& m) { m.rows_parallel *= m.rows_held, m.rows_held = 1; }, write, compute / 3, energy},
        {[](parameters& m) { m.columns_parallel *= 2, m.columns_held = 1; }, write, compute / 2, energy},
        {[](parameters& m) { m.input_bits = 4; }, write, 2 * compute, energy + macs * 0.5},
        {[](parameters& m) { m.overhead_energy_pj = 3; }, write, compute, energy + macs * 3},
    };
    std::vector<std::unique_ptr<bench<>>> benches;
    for (const auto& v : all) {
        auto m = small_macro();
        v.change(m);
        benches.push_back(std::make_unique<bench<>>(m, 0, ("bare_" + std::to_string(benches.size())).c_str()));
    }
    sc_core::sc_start(sc_core::SC_ZERO_TIME);
    for (std::size_t i = 0; i < all.size(); ++i) {
        SCOPED_TRACE(i);
        auto& b = *benches[i];
        EXPECT_EQ(b.write(b.weights(), std::vector<unsigned char>(60, 1)), all[i].write_ps);
        EXPECT_EQ(time_of(b, 15, 6), all[i].compute_ps);
        EXPECT_DOUBLE_EQ(b.energy.total_pj(), all[i].energy_pj);
    }
}

// A product of one row with all its weights held, as the cost model and a compute block take it.
TEST(macro_result, agrees_with_the_cost_model_and_a_compute_block) {
    const auto seed = std::random_device{}();
    std::printf("seed %u\n", seed);
    std::mt19937_64 random(seed);
    const char* names[] = {"analog_6t", "digital_6t", "digital_8t"};
    auto target = study::rf(names[random() % 3], 1);
    target.cim->published().overhead_energy_pj = 0.5;
    target.memories[1].capacity_bytes = 1 << 22; // whatever the macro holds
    block_bench::bench block("bench", target);
    bench<> bare(target.cim->published());
    const auto geometry = target.matrix_engine()->geometry();
    std::vector<block_bench::gemm> products;
    std::vector<std::string> nests;
    const auto upto = [&](std::int64_t n) {
        return 1 + static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(n));
    };
    for (int i = 0; i < 12; ++i) {
        auto g = block_bench::product(1, 1, 1);
        g.bits.a = random() % 2 ? 8 : 16;
        g.bits.b = random() % 2 ? 8 : 16;
        const auto columns = geometry.columns_parallel / (g.bits.b / 8);
        g.k = upto(geometry.rows_parallel * geometry.rows_held);
        g.n = upto(columns * geometry.columns_held);
        const auto k = std::min(g.k, geometry.rows_parallel), n = std::min(g.n, columns);
        const auto parts = [](std::int64_t whole, std::int64_t part) {
            return std::to_string((whole + part - 1) / part);
        };
        nests.push_back("array K" + std::to_string(k) + " N" + std::to_string(n) + " / hold K" + parts(g.k, k) + " N" +
                        parts(g.n, n));
        products.push_back(g);
    }
    for (std::size_t i = 0; i < products.size(); ++i) {
        auto j = block.job(products[i], nests[i]);
        j.resident = true;
        block.stretches.push_back({j});
    }
    sc_core::sc_start();
    ASSERT_EQ(block.results.size(), products.size());
    for (std::size_t i = 0; i < products.size(); ++i) {
        const auto& g = products[i];
        SCOPED_TRACE(target.name + " K" + std::to_string(g.k) + " N" + std::to_string(g.n) + " bits " +
                     std::to_string(g.bits.a) + " " + std::to_string(g.bits.b));
        const auto counts = count_accesses(block.nests[i], g, target, true);
        ledger expected;
        block.cost.charge(expected, g, counts, 0);
        std::map<std::string, double> before, after, expected_pj;
        for (const auto& r : bare.energy.rows()) before[r.action] = r.energy_pj();
        bare.set(CIM_MACRO_PRECISION, static_cast<std::uint32_t>(g.bits.a | g.bits.b << 8));
        const auto time = time_of(bare, static_cast<std::uint32_t>(g.k), static_cast<std::uint32_t>(g.n));
        EXPECT_EQ(bare.get(CIM_MACRO_ERROR_CODE), CIM_MACRO_ERROR_NONE);
        EXPECT_EQ(time, std::ceil(block.cost.compute_ps(counts.steps, g) - 1e-6));
        EXPECT_EQ(time, block.results[i].computed_ps);
        for (const auto& r : bare.energy.rows()) after[r.action] = r.energy_pj();
        for (const auto& r : expected.rows())
            if (r.part == "mac") expected_pj[r.action] = r.energy_pj();
        for (const char* action : {"multiply_accumulate", "padding", "overhead"})
            EXPECT_NEAR(after[action] - before[action], expected_pj[action], 1e-9 * after[action]) << action;
    }
}

} // namespace
