// The two studies of docs/studies.md: converters that follow the sparsity of columns, and multiplying in a plain array
// against reading it.
#include "child.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

using namespace cimtlm::test;

namespace {

struct row {
    double unit_pj, count, pj;
};

/// Rows of energy as "part action".
std::map<std::string, row> rows_of(const boost::json::object& r) {
    std::map<std::string, row> rows;
    for (const auto& item : r.at("energy_rows").as_array()) {
        const auto& o = item.as_object();
        rows[std::string(o.at("part").as_string()) + " " + std::string(o.at("action").as_string())] = {
            number(o.at("unit_energy_pj")), number(o.at("count")), number(o.at("energy_pj"))};
    }
    return rows;
}

std::map<std::string, row> crossbars(const std::string& trace, std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"comparison/crossbar_attuned", trace, "--steady", "--fidelity", "bound"});
    return rows_of(run_json(more));
}

constexpr double dense_pj = 1.5625; ///< a conversion of 8 bits: 0.25 mW a bit for 12.5 ns a bit, over 128 columns

/// Energy without DRAM and vector unit, which are the same for both machines; and time.
struct figures {
    double pj, ps;
};
figures on_chip(const std::string& machine, const std::string& trace, std::vector<std::string> more = {}) {
    more.insert(more.begin(), {machine, trace, "--bits", "4", "--batch", "64"});
    const auto r = run_json(more);
    double pj = 0;
    for (const auto& [name, row] : rows_of(r))
        if (name.rfind("dram", 0) != 0 && name.rfind("vector_unit", 0) != 0) pj += row.pj;
    return {pj, number(at(r, {"totals", "time_ps"}))};
}

const std::string in_memory = "comparison/sram_6t_dot_product", plain = "comparison/von_neumann";

figures ratio(const std::string& trace, const std::vector<std::string>& of_array = {},
              const std::vector<std::string>& of_plain = {}, const std::string& other = plain) {
    const auto a = on_chip(in_memory, trace, of_array), p = on_chip(other, trace, of_plain);
    return {p.pj / a.pj, p.ps / a.ps};
}

} // namespace

TEST(column_sparsity, conversions_fall_with_the_square_of_their_bits_and_nothing_else_does) {
    for (const auto* trace : {"vgg11_cifar10", "resnet18"}) {
        SCOPED_TRACE(trace);
        const auto dense = crossbars(trace);
        EXPECT_NEAR(dense.at("mac convert_8b").unit_pj, dense_pj, 1e-12);
        int bits = 8;
        for (const auto* sparsity : {"0", "0.5", "0.75", "0.875", "0.9375", "0.96875"}) {
            SCOPED_TRACE(sparsity);
            auto sparse = crossbars(trace, {"--column-sparsity", sparsity});
            const auto name = "mac convert_" + std::to_string(bits) + "b";
            ASSERT_EQ(sparse.count(name), 1u);
            EXPECT_NEAR(sparse.at(name).unit_pj, dense_pj * bits * bits / 64, 1e-12);
            EXPECT_EQ(sparse.at(name).count, dense.at("mac convert_8b").count);
            sparse.erase(name);
            ASSERT_EQ(sparse.size() + 1, dense.size());
            for (const auto& [other, r] : sparse) EXPECT_EQ(r.pj, dense.at(other).pj) << other;
            --bits;
        }
    }
}

TEST(column_sparsity, each_layer_has_its_own) {
    const scratch s;
    const auto trace = s.file("net.csv", "name,kind,M,N,K,column_sparsity\n"
                                         "first,linear,8,16,128,0\n"
                                         "second,linear,16,16,128,0.75\n"
                                         "third,linear,32,16,128,\n");
    // A conversion a bit of input and of weight, for 128 rows.
    const auto conversions = [](double m) { return m * 16 * 8 * 8; };
    const auto as_said = crossbars(trace), filled = crossbars(trace, {"--column-sparsity", "0.9"});
    EXPECT_EQ(as_said.at("mac convert_8b").count, conversions(8) + conversions(32));
    EXPECT_EQ(as_said.at("mac convert_6b").count, conversions(16));
    EXPECT_EQ(filled.at("mac convert_8b").count, conversions(8));
    EXPECT_EQ(filled.at("mac convert_6b").count, conversions(16));
    EXPECT_EQ(filled.at("mac convert_5b").count, conversions(32));
    EXPECT_EQ(rows_of(run_json({"comparison/crossbar_attuned", trace, "--steady"})).at("mac convert_6b").count,
              conversions(16));
}

TEST(column_sparsity, options_that_say_nothing_are_refused) {
    for (const auto* wrong : {"1", "-0.5", "half", ""}) {
        const auto o = call({"run", "comparison/crossbar_attuned", "lenet5", "--column-sparsity", wrong});
        EXPECT_EQ(o.status, 2) << wrong;
        EXPECT_TRUE(contains(o.err, "--column-sparsity")) << o.err;
    }
    for (const auto& option : {std::vector<std::string>{"--bits", "4"}, {"--column-sparsity", "0.5"}}) {
        const auto o = call({"run", "comparison/crossbar_attuned", "--gemm", "4,4,4", option[0], option[1]});
        EXPECT_EQ(o.status, 2);
        EXPECT_TRUE(contains(o.err, option[0] + " says something of the layers of a trace")) << o.err;
    }
    EXPECT_EQ(call({"run", "comparison/von_neumann", "lenet5", "--bits", "65"}).status, 2);
    const auto o = call({"compare", in_memory, plain, "--trace", "lenet5", "--bits", "4", "--column-sparsity", "0.5"});
    EXPECT_EQ(o.status, 0) << o.err;
    EXPECT_TRUE(contains(o.out, "lenet5, 4 bits, column sparsity 0.5 (tile")) << o.out;
}

TEST(plain_array, multiplies_leaner_and_faster_than_it_is_read) {
    // Bands around what docs/studies.md reports; published are 6.24 and 9.42.
    const auto lenet = ratio("lenet5"), vgg = ratio("vgg11_cifar10");
    EXPECT_GT(lenet.pj, 2);
    EXPECT_LT(lenet.pj, 8);
    EXPECT_GT(vgg.pj, lenet.pj) << "its layers fill the arrays";
    EXPECT_LT(vgg.pj, 10);
    EXPECT_GT(lenet.ps, 2);
    EXPECT_GT(vgg.ps, 10);
    EXPECT_LT(vgg.ps, 100);
    EXPECT_GT(vgg.ps, lenet.ps);
}

TEST(plain_array, rows_at_once_and_multipliers_move_the_ratios) {
    const std::string trace = "vgg11_cifar10";
    const auto rows = [&](const char* n) {
        return ratio(trace, {"--set", std::string("cim.macro.array.rows_active=") + n, "--fidelity", "bound"},
                     {"--fidelity", "bound"});
    };
    const auto few = rows("16"), more = rows("64"), all = rows("128");
    EXPECT_LT(few.ps, more.ps);
    EXPECT_LT(more.ps, all.ps);
    EXPECT_LT(few.pj, more.pj) << "a conversion serves more rows";
    EXPECT_LT(more.pj, all.pj);
    const auto multipliers = [&](const char* n) {
        return on_chip(plain, trace, {"--set", std::string("tensor_core.columns=") + n, "--fidelity", "bound"});
    };
    const auto one = multipliers("1"), four = multipliers("4"), sixteen = multipliers("16");
    EXPECT_NEAR(one.ps / four.ps, 4, 0.05) << "multipliers are the limit";
    EXPECT_GT(four.ps, sixteen.ps);
    EXPECT_NEAR(multipliers("32").ps / sixteen.ps, 1, 0.02) << "the ports are";
    EXPECT_GT(one.pj, sixteen.pj) << "an input is read for fewer weights";
    // Weights that stay at the multipliers are what a von Neumann machine does not do here.
    const auto kept = on_chip("comparison/von_neumann_registers", trace, {"--fidelity", "bound"});
    EXPECT_LT(kept.pj, sixteen.pj);
    EXPECT_LT(kept.ps, sixteen.ps);
}

TEST(plain_array, a_verdict_says_how_sure_it_is) {
    const auto sentence = [](std::vector<std::string> machines, const std::string& of) {
        machines.insert(machines.begin(), "compare");
        machines.insert(machines.end(), {"--trace", "lenet5", "--bits", "4", "--batch", "64", "--fidelity", "bound"});
        const auto o = call(machines);
        EXPECT_EQ(o.status, 0) << o.err;
        for (const auto& line : lines(o.out))
            if (line.rfind(of + ": ", 0) == 0) return line;
        return std::string();
    };
    const std::string within = "x), within the factor of 4.139 of its time, ";
    // The plain array states no ranges: nothing lies beyond them. Whatever multiplies in the array is faster by less
    // than its time is sure.
    for (const auto& [first, other] : {std::pair(in_memory, plain), std::pair(plain, in_memory)}) {
        const auto line = sentence({first, other}, other.substr(std::string("comparison/").size()));
        EXPECT_TRUE(contains(line, " in time (")) << line;
        EXPECT_TRUE(contains(line, within)) << line;
        EXPECT_FALSE(contains(line, "beyond the ranges")) << line;
    }
    const auto surer =
        sentence({in_memory, plain + ",tensor_core.latency_ps=1000000"}, plain + ",tensor_core.latency_ps=1000000");
    EXPECT_TRUE(contains(surer, "loses in time (")) << surer;
    EXPECT_FALSE(contains(surer, "within")) << "far slower\n" << surer;
    const auto published = sentence({"rf_digital_6t", "rf_analog_6t"}, "rf_analog_6t");
    EXPECT_TRUE(contains(published, " in time (")) << published;
    EXPECT_FALSE(contains(published, "within")) << published;
    // 34 to 55 uJ against some 12 mJ, of which most is programming and the static power of its time: both state ranges.
    const auto apart = call(
        {"compare", "a100/cim_l2", "a100/cim_l2,cim.macro=pcm_hermes", "--gemm", "64,256,256", "--fidelity", "bound"});
    EXPECT_TRUE(contains(apart.out, "x), beyond the ranges; ")) << apart.out << apart.err;
}
