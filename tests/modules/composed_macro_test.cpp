/// Macros composed of circuits behind a bus: are their products right as far as their converters allow, and do time and
/// energy follow from the steps?
#include <cimtlm/macro/composed_macro.h>
#include <cimtlm/macro/operand_slices.h>
#include <cimtlm/modules/bus.h>
#include <cimtlm/modules/crossbar_macro.h>

#include <cim_registers.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <memory>
#include <random>

#include "measured_charges.h"
#include "register_host.h"

namespace {

using namespace cimtlm;

constexpr double cycle_ps = 1000;
constexpr std::uint64_t macro_base = 0x40000000;

circuit_constants circuits() {
    circuit_constants k;
    k.energy_exponent = k.delay_exponent = 1;
    k.threshold_v = 0.37;
    k.velocity_exponent = 1.3;
    k.leakage_doubling_k = 12;
    k.word_line_energy_pj = 0.001;
    k.pulse_ps = 700;
    k.charge_read_energy_pj = 0.0005;
    k.resistive_read_energy_pj = 0.009;
    k.charge_settle_ps = 44;
    k.resistive_settle_ps = 5000;
    k.resistive_pulse_ps = 300;
    k.evaluation_ps = 500;
    k.comparator_energy_pj = 0.003;
    k.comparator_ps = 100;
    k.converter_dac_energy_pj = 0.0001;
    k.full_adder_energy_pj = 0.0004;
    k.adder_level_ps = 200;
    k.gate_energy_pj = 0.00005;
    k.accumulate_energy_pj = 0.0015;
    k.buffer_energy_pj = 0.001;
    k.write_energy_pj = 0.02;
    k.write_ps = 1000;
    k.cell_leakage_nw = 0.01;
    return k;
}

/// 16 of 64 rows and 32 of 64 columns at once, bits of inputs one after another; converters of `bits`, or an adder
/// tree.
composed_macro_parameters composed(summation kind, double bits) {
    composed_macro_parameters p;
    p.name = "composed";
    p.array.cell = cell_kind::sram_8t;
    p.array.summation = kind;
    p.array.rows = 64;
    p.array.columns = 64;
    p.array.rows_active = 16;
    p.array.columns_active = 32;
    p.adc.kind = kind == summation::digital ? adc_kind::none : adc_kind::sar;
    p.adc.bits = bits;
    p.write.bytes_per_cycle = 8;
    p.control_share = 0.1;
    p.circuits = circuits();
    p.native = technology_point{28, 0.8, flavour::lp};
    return p;
}

struct example {
    const char* name;
    composed_macro_parameters parameters;
    bool exact;
};

std::vector<example> examples() {
    std::vector<example> all;
    const auto add = [&](const char* name, composed_macro_parameters p, bool exact) {
        all.push_back({name, p, exact});
    };
    add("digital", composed(summation::digital, 0), true);
    add("full_resolution", composed(summation::charge, 5), true); // sums of 16 ones
    add("fewer_bits", composed(summation::charge, 3), false);
    auto p = composed(summation::charge, 4);
    p.encoding = weight_encoding::differential;
    add("differential", p, false);
    p.adc.bits = 6;
    add("differential_full_resolution", p, true);
    p = composed(summation::charge, 6);
    p.slices_in_analog = true;
    p.setup_ps = 333;
    add("joined_in_analog", p, false);
    p = composed(summation::current, 5);
    p.array.cell = cell_kind::resistive;
    p.array.cell_bits = 4;
    p.input.kind = driver_kind::multi_bit;
    p.input.bits = 2;
    p.encoding = weight_encoding::differential;
    p.adc.columns_per_adc = 4;
    p.pipelined = true;
    p.other_power_mw = 2;
    add("resistive", p, false);
    p = composed(summation::charge, 4);
    p.input_bits = p.weight_bits = 4; // operands of 8 bits in slices
    add("narrow", p, false);
    return all;
}

/// Host, bus, macro.
struct platform {
    explicit platform(const example& e)
        : shown(e)
        , engine(std::make_shared<composed_macro>(e.parameters))
        , host((std::string(e.name) + "_host").c_str(), macro_base)
        , interconnect((std::string(e.name) + "_bus").c_str(), {8, 2, 0.1}, cycle_ps, bus_energy, 1, 1)
        , macro((std::string(e.name) + "_macro").c_str(), engine, cycle_ps, energy) {
        host.probe.out.bind(interconnect.in[0]);
        interconnect.out[0].bind(macro.in);
        interconnect.map(macro_base, macro.size_bytes(), 0);
    }
    double energy_of(const std::string& action) const {
        double pj = 0;
        for (const auto& r : energy.rows())
            if (r.action == action) pj += r.energy_pj();
        return pj;
    }
    example shown;
    std::shared_ptr<composed_macro> engine;
    ledger energy, bus_energy;
    testkit::register_host<64> host;
    bus<64> interconnect;
    crossbar_macro<64> macro;
};

struct operands {
    int input_bits = 8, weight_bits = 8;
    bool unsigned_inputs = false, unsigned_weights = false;
    std::int64_t rows = 0, columns = 0;
    std::vector<std::int32_t> inputs, weights; // rows x columns

    void draw(std::mt19937_64& random) {
        const auto value = [&](int bits, bool is_unsigned) {
            const auto v = static_cast<std::int32_t>(random() & ((1u << bits) - 1));
            return is_unsigned ? v : v - (1 << (bits - 1));
        };
        inputs.resize(static_cast<std::size_t>(rows));
        weights.resize(static_cast<std::size_t>(rows * columns));
        for (auto& v : inputs) v = value(input_bits, unsigned_inputs);
        for (auto& v : weights) v = value(weight_bits, unsigned_weights);
    }
    std::int32_t weight(std::int64_t r, std::int64_t c) const {
        return weights[static_cast<std::size_t>(r * columns + c)];
    }
    std::vector<std::int64_t> exact() const {
        std::vector<std::int64_t> sums(static_cast<std::size_t>(columns), 0);
        for (std::int64_t r = 0; r < rows; ++r)
            for (std::int64_t c = 0; c < columns; ++c)
                sums[static_cast<std::size_t>(c)] += std::int64_t{inputs[static_cast<std::size_t>(r)]} * weight(r, c);
        return sums;
    }
    /// What the engine makes of them, step by step: rows and columns of a step share the range of its converters.
    std::vector<std::int64_t> converted(const engine& e) const {
        std::vector<std::int64_t> sums;
        const auto height = e.geometry().rows_parallel;
        const auto width = e.geometry().columns_parallel / e.weight_slices(weight_bits);
        for (std::int64_t left = 0; left < columns; left += width) {
            const auto right = std::min(columns, left + width);
            std::vector<std::int64_t> step(static_cast<std::size_t>(right - left), 0);
            for (std::int64_t top = 0; top < rows; top += height) {
                std::vector<std::int32_t> a, b;
                for (auto r = top; r < std::min(rows, top + height); ++r) {
                    a.push_back(inputs[static_cast<std::size_t>(r)]);
                    for (auto c = left; c < right; ++c) b.push_back(weight(r, c));
                }
                std::uint64_t key = 0; // no noise
                compute_sliced(e, a, input_bits, sliced_weights(e, b, weight_bits), weight_bits, step, key);
            }
            sums.insert(sums.end(), step.begin(), step.end());
        }
        return sums;
    }
};

/// The operands through the platform, from the host's writes to its read.
std::vector<std::int32_t> product(platform& p, const operands& o) {
    auto& h = p.host;
    std::vector<unsigned char> bytes;
    const auto append = [&](std::int32_t v, int bits) {
        for (int b = 0; b < bits; b += 8) bytes.push_back(static_cast<unsigned char>(v >> b));
    };
    h.set(CIM_MACRO_PRECISION, static_cast<std::uint32_t>(o.input_bits | o.weight_bits << 8) |
                                   (o.unsigned_inputs ? CIM_MACRO_PRECISION_INPUT_UNSIGNED : 0u) |
                                   (o.unsigned_weights ? CIM_MACRO_PRECISION_WEIGHT_UNSIGNED : 0u));
    for (const auto v : o.inputs) append(v, o.input_bits);
    h.write(h.peek(CIM_MACRO_INPUT_OFFSET), bytes);
    const auto weights = h.peek(CIM_MACRO_WEIGHT_OFFSET), stride = h.peek(CIM_MACRO_WEIGHT_STRIDE);
    for (std::int64_t r = 0; r < o.rows; ++r) {
        bytes.clear();
        for (std::int64_t c = 0; c < o.columns; ++c) append(o.weight(r, c), o.weight_bits);
        h.write(weights + static_cast<std::uint64_t>(r) * stride, bytes);
    }
    h.set(CIM_MACRO_ROWS_USED, static_cast<std::uint32_t>(o.rows));
    h.set(CIM_MACRO_COLUMNS_USED, static_cast<std::uint32_t>(o.columns));
    h.set(CIM_MACRO_CONTROL, CIM_MACRO_CONTROL_START);
    h.await(p.macro.model().end_ps());
    EXPECT_EQ(h.get(CIM_MACRO_ERROR_CODE), CIM_MACRO_ERROR_NONE);
    return h.read<std::int32_t>(h.peek(CIM_MACRO_OUTPUT_OFFSET), static_cast<std::size_t>(o.columns));
}

/// A random product; what it has taken is compared with the steps.
void multiply(platform& p, std::mt19937_64& random) {
    operands o;
    o.input_bits = random() % 2 ? 8 : 16;
    o.weight_bits = random() % 2 ? 8 : 16;
    o.unsigned_inputs = random() % 2;
    o.unsigned_weights = random() % 2;
    const auto g = p.engine->geometry();
    const auto up = [](std::int64_t a, std::int64_t b) { return (a + b - 1) / b; };
    const auto input_slices = up(o.input_bits, g.input_bits), weight_slices = up(o.weight_bits, g.weight_bits);
    const auto upto = [&](std::int64_t n) {
        return 1 + static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(n));
    };
    o.rows = upto(g.rows_parallel * g.rows_held);
    o.columns = upto(g.columns_parallel / weight_slices * g.columns_held);
    o.draw(random);

    std::vector<double> before;
    for (const auto& r : p.energy.rows()) before.push_back(r.energy_pj());
    // Writes of weights stand in a row of their own.
    const double written = p.energy_of("write");
    const auto outputs = product(p, o);
    const auto expected = p.engine->exact() ? o.exact() : o.converted(*p.engine);
    for (std::size_t c = 0; c < expected.size(); ++c) // modulo 2^32
        ASSERT_EQ(static_cast<std::uint32_t>(outputs[c]), static_cast<std::uint32_t>(expected[c])) << c;
    if (p.engine->exact()) {
        EXPECT_EQ(o.converted(*p.engine), o.exact());
    }

    const auto height = std::min(o.rows, g.rows_parallel);
    const auto width = std::min(o.columns, g.columns_parallel / weight_slices);
    const auto steps = up(o.rows, height) * up(o.columns, width);
    EXPECT_EQ(p.macro.model().end_ps() - p.macro.model().begin_ps(),
              std::ceil(static_cast<double>(steps * input_slices) * p.engine->step_ps() - 1e-6));
    const auto slices = static_cast<double>(input_slices * weight_slices);
    const double macs = static_cast<double>(o.rows * o.columns) * slices;
    const double executed = static_cast<double>(steps * height * width) * slices;
    auto charged = measured_charges(*p.engine, energy_basis::mac, o.inputs, o.input_bits, o.weights, o.weight_bits);
    charged["padding"] = (executed - macs) * p.engine->mac_pj(energy_basis::mac);
    charged["overhead"] = executed * p.engine->overhead_pj();
    charged["write"] = p.energy_of("write") - written;
    double sum = 0, expected_sum = 0;
    for (std::size_t i = 0; i < p.energy.rows().size(); ++i) {
        const auto& r = p.energy.rows()[i];
        const double pj = r.energy_pj() - (i < before.size() ? before[i] : 0);
        sum += pj;
        EXPECT_NEAR(pj, charged[r.action], 1e-9 * r.energy_pj() + 1e-12) << r.action;
    }
    for (const auto& [action, pj] : charged) expected_sum += pj;
    EXPECT_NEAR(sum, expected_sum, 1e-6 * sum);
}

TEST(composed_macro_module, random_products_behind_a_bus) {
    const auto seed = std::random_device{}();
    std::printf("seed %u\n", seed);
    std::mt19937_64 random(seed);
    std::vector<std::unique_ptr<platform>> platforms;
    for (const auto& e : examples()) platforms.push_back(std::make_unique<platform>(e));
    sc_core::sc_start(sc_core::SC_ZERO_TIME);
    for (auto& p : platforms) {
        SCOPED_TRACE(p->shown.name);
        EXPECT_EQ(p->engine->exact(), p->shown.exact);
        for (int i = 0; i < 15; ++i) {
            multiply(*p, random);
            if (testing::Test::HasFatalFailure()) return;
        }
    }
}

// Operands even over their range: errors are at most twice what the engine says its results are worth.
TEST(composed_macro_module, errors_are_those_of_the_effective_bits) {
    const auto seed = std::random_device{}();
    std::printf("seed %u\n", seed);
    std::mt19937_64 random(seed);
    std::vector<std::unique_ptr<platform>> platforms;
    for (const auto& e : examples())
        if (e.parameters.input_bits == 8) platforms.push_back(std::make_unique<platform>(e));
    sc_core::sc_start(sc_core::SC_ZERO_TIME);
    for (auto& p : platforms) {
        SCOPED_TRACE(p->shown.name);
        operands o;
        o.rows = p->engine->geometry().rows_parallel;
        o.columns = p->engine->geometry().columns_parallel;
        double squares = 0, sums = 0, count = 0;
        for (int i = 0; i < 150; ++i) {
            o.draw(random);
            const auto outputs = product(*p, o);
            const auto exact = o.exact();
            for (std::size_t c = 0; c < exact.size(); ++c, ++count) {
                squares += std::pow(static_cast<double>(outputs[c] - exact[c]), 2);
                sums += std::pow(static_cast<double>(exact[c]), 2);
            }
        }
        const double error = std::sqrt(squares / count), signal = std::sqrt(sums / count);
        EXPECT_EQ(error == 0, p->shown.exact);
        EXPECT_LE(error, 2 * signal / std::pow(10, (6.0206 * p->engine->effective_bits() + 1.761) / 20));
    }
}

// A step that uses all of its rows and columns costs what its parts say.
TEST(composed_macro_module, a_whole_step_costs_the_sum_of_its_parts) {
    std::vector<std::unique_ptr<platform>> platforms;
    for (const auto& e : examples()) platforms.push_back(std::make_unique<platform>(e));
    sc_core::sc_start(sc_core::SC_ZERO_TIME);
    for (auto& p : platforms) {
        const auto g = p->engine->geometry();
        if (g.input_bits != 8 || g.weight_bits != 8) continue;
        SCOPED_TRACE(p->shown.name);
        p->host.set(CIM_MACRO_ROWS_USED, static_cast<std::uint32_t>(g.rows_parallel));
        p->host.set(CIM_MACRO_COLUMNS_USED, static_cast<std::uint32_t>(g.columns_parallel));
        p->host.set(CIM_MACRO_CONTROL, CIM_MACRO_CONTROL_START);
        EXPECT_EQ(p->host.get(CIM_MACRO_STEP_PS), std::ceil(p->engine->step_ps()));
        EXPECT_EQ(p->energy_of("padding"), 0);
        const double overhead = p->energy_of("overhead"), total = p->energy.total_pj();
        // Memories begin with zeros.
        const auto rows = static_cast<std::size_t>(g.rows_parallel),
                   columns = static_cast<std::size_t>(g.columns_parallel);
        const auto zeros =
            statistics_of(std::vector<std::int32_t>(rows), 8, std::vector<std::int32_t>(rows * columns), 8);
        EXPECT_EQ(zeros.input_density + zeros.weight_density, 0);
        double parts = 0;
        for (const auto& part : p->engine->energy_parts(zeros)) parts += part.value;
        EXPECT_NEAR(parts, total - overhead, 1e-9 * total);
        EXPECT_LT(parts, p->engine->step_pj()) << "less than where half of all bits are ones";
        EXPECT_NEAR(overhead, p->shown.parameters.other_power_mw * p->engine->step_ps() * 1e-3, 1e-9 * total);
        EXPECT_EQ(p->energy_of("array"), 0);
    }
}

} // namespace
