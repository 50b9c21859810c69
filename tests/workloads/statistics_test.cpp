/// Statistics of operands: from the cells of a trace to its products and back.
#include <workloads/formats.h>
#include <workloads/lowering.h>

#include <cimtlm/base/error.h>

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <optional>
#include <random>
#include <set>

namespace cimtlm {
namespace {

const std::string header = "name,kind,M,N,K,input_density,weight_density,column_sparsity\n";

std::optional<operand_statistics> read(const std::string& cells) {
    return parse_trace(header + "x,linear,1,2,3," + cells + "\n", "net.csv").layers.at(0).statistics;
}

std::string refusal(const std::string& cells) {
    try {
        read(cells);
    } catch (const input_error& error) {
        return error.what();
    }
    return "accepted";
}

TEST(statistics, what_is_not_given_has_its_default) {
    EXPECT_EQ(read(",,"), std::nullopt);
    EXPECT_EQ(read("0.25,0.75,0.5"), (operand_statistics{0.25, 0.75, 0.5}));
    EXPECT_EQ(read(",1,"), (operand_statistics{0.5, 1, 0}));
    EXPECT_EQ(read("0,,0.999"), (operand_statistics{0, 0.5, 0.999}));
    EXPECT_EQ(read("0.5,,"), operand_statistics{}) << "stated, though it is the default";
    EXPECT_EQ(read("1e-3,.5,2.5E-1"), (operand_statistics{0.001, 0.5, 0.25}));
    EXPECT_EQ(parse_trace("name,kind,M,N,K\nx,linear,1,2,3\n", "a.csv").layers[0].statistics, std::nullopt);
    EXPECT_EQ(parse_trace("Layer,M,N,K\nx,1,2,3\n", "a.csv").layers[0].statistics, std::nullopt);
}

TEST(statistics, whatever_is_no_share_is_refused_with_its_place) {
    for (const std::string text :
         {"1.0001", "-0.1", "-0", "nan", "inf", "0x1", "1e400", "1e-400", "0..5", "0.5 0.5", "50%", "+0.5", "a", "2"}) {
        EXPECT_EQ(refusal(text + ",,"),
                  "net.csv:2: column 'input_density': '" + text + "'; allowed: a number from 0 to 1");
        EXPECT_EQ(refusal("," + text + ","),
                  "net.csv:2: column 'weight_density': '" + text + "'; allowed: a number from 0 to 1");
        EXPECT_EQ(refusal(",," + text),
                  "net.csv:2: column 'column_sparsity': '" + text + "'; allowed: a number from 0 to below 1");
    }
    EXPECT_EQ(refusal("1,1,1"), "net.csv:2: column 'column_sparsity': '1'; allowed: a number from 0 to below 1");
    try {
        parse_trace(header + "x,relu,1,2,,0.5,,\n", "net.csv");
        FAIL();
    } catch (const input_error& error) {
        EXPECT_STREQ(error.what(), "net.csv:2: column 'input_density': '0.5', but a layer of kind 'relu' does not have "
                                   "it; allowed: an empty cell");
    }
}

TEST(statistics, products_carry_those_of_their_layer) {
    const auto t = parse_trace("name,kind,H,W,C_in,R,S,C_out,M,N,K,batch,input_density,column_sparsity\n"
                               "c,convolution,8,8,4,3,3,6,,,,2,0.1,\nm,matmul,,,,,,,3,4,5,2,,0.2\n"
                               "l,linear,,,,,,,3,4,5,2,,\ns,softmax,,,,,,,3,4,,2,,\n",
                               "net.csv");
    const std::vector<std::optional<operand_statistics>> expected{operand_statistics{0.1, 0.5, 0},
                                                                  operand_statistics{0.5, 0.5, 0.2}, std::nullopt};
    for (const auto& batched : {t, with_batch(t, 3)}) {
        const auto work = lower(batched);
        for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_EQ(std::get<gemm>(work[i]).statistics, expected[i]);
    }
}

TEST(statistics, a_product_with_impossible_ones_is_refused) {
    gemm g;
    for (const auto& wrong : {operand_statistics{1.1, 0.5, 0}, {0.5, -0.1, 0}, {0.5, 0.5, 1}, {std::nan(""), 0.5, 0}}) {
        g.statistics = wrong;
        EXPECT_THROW(g.validate("x"), input_error);
    }
    g.statistics = {1, 0, 0.99};
    EXPECT_NO_THROW(g.validate("x"));
}

TEST(statistics, written_only_where_present_and_to_the_last_digit) {
    const auto seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    const auto share = [&] {
        const auto x = std::uniform_real_distribution<>(0, 1)(random);
        return random() % 8 == 0 ? 0.0 : random() % 4 == 0 ? x * 1e-12 : x;
    };
    trace t;
    for (int i = 0; i < 500; ++i) {
        layer l;
        l.name = std::to_string(i);
        if (random() % 3) l.statistics = {share(), share(), share()};
        t.layers.push_back(l);
    }
    EXPECT_EQ(parse_trace(format_trace(t), "net.csv").layers, t.layers);

    for (auto& l : t.layers) l.statistics.reset();
    EXPECT_EQ(format_trace(t).find("density"), std::string::npos);
    t.layers.resize(2);
    t.layers[1].statistics = {0.5, 0.25, 0};
    EXPECT_EQ(format_trace(t), "name,kind,M,N,K,input_density,weight_density,column_sparsity\n"
                               "0,linear,1,1,1,,,\n1,linear,1,1,1,0.5,0.25,0\n");
}

// Names in the first cells of the table of columns in docs/traces.md.
std::multiset<std::string> documented_columns() {
    std::ifstream file(CIMTLM_SOURCE_DIR "/docs/traces.md");
    std::multiset<std::string> names;
    std::string line;
    while (std::getline(file, line) && line != "| column | meaning | default | kinds |") continue;
    while (std::getline(file, line) && line.rfind("|", 0) == 0) {
        const auto cell = line.substr(1, line.find('|', 1) - 1);
        for (auto at = cell.find('`'); at != std::string::npos; at = cell.find('`', at + 1)) {
            const auto end = cell.find('`', at + 1);
            names.insert(cell.substr(at + 1, end - at - 1));
            at = end;
        }
    }
    return names;
}

TEST(statistics, the_document_has_every_column_once) {
    std::multiset<std::string> known;
    for (const auto& spellings : native_format().columns) known.insert(spellings.front());
    EXPECT_EQ(documented_columns(), known);
}

} // namespace
} // namespace cimtlm
