/// Timeloop problems: does a file become its matrix product, and does a message say where it does not?
#include "config_test_tools.h"

#include <platforms/config/timeloop_problem.h>
#include <workloads/lowering.h>

#include <random>
#include <sstream>

using namespace cimtlm;
using namespace cimtlm::config_test;

namespace {

const std::vector<std::string> files = {"conv.yaml", "gemm.yaml", "named_shape.yml", "depthwise.yaml",
                                        "attention.yaml"};

std::string path_of(const std::string& file) { return CIMTLM_SOURCE_DIR "/tests/data/workload_timeloop/" + file; }

std::string text_of(const std::string& file) {
    std::ifstream stream(path_of(file), std::ios::binary);
    EXPECT_TRUE(stream) << file;
    std::ostringstream text;
    text << stream.rdbuf();
    return text.str();
}

gemm product_of(const std::string& file) {
    const auto work = lower(read_timeloop_problem(path_of(file)));
    EXPECT_EQ(work.size(), 1u);
    return std::get<gemm>(work.front());
}

/// `file` with its first `from` replaced by `to`, refused.
std::string refusal_of(const std::string& file, const std::string& from, const std::string& to) {
    auto text = text_of(file);
    const auto at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    text.replace(at, from.size(), to);
    return refusal([&] { parse_timeloop_problem(text, "p.yaml"); });
}

TEST(timeloop, convolution_is_its_im2col_product) {
    const auto g = product_of("conv.yaml");
    EXPECT_EQ(g.name, "CNN-Layer");
    EXPECT_EQ(g.m, 4 * 28 * 28);
    EXPECT_EQ(g.n, 256);
    EXPECT_EQ(g.k, 128 * 3 * 3);
    EXPECT_EQ(g.count(), 1);
    EXPECT_FALSE(g.b_is_activation);
    const auto t = read_timeloop_problem(path_of("conv.yaml"));
    EXPECT_EQ(t.name, "conv");
    EXPECT_EQ(t.comments.front(), "Timeloop problem: M = N x P x Q, N = M, K = C x R x S, side by side = 1; A is "
                                  "'Inputs', B 'Weights'.");
}

TEST(timeloop, convolution_equals_our_own) {
    const auto t =
        parse_trace("name,kind,H,W,C_in,R,S,C_out,stride,padding\nc,convolution,224,224,3,7,7,64,2,3\n", "own.csv");
    const auto own = std::get<gemm>(lower(t).front());
    const auto g = product_of("named_shape.yml");
    EXPECT_EQ(g.m, own.m);
    EXPECT_EQ(g.n, own.n);
    EXPECT_EQ(g.k, own.k);
    EXPECT_EQ(g.count(), own.count());
}

TEST(timeloop, matrix_product) {
    const auto g = product_of("gemm.yaml");
    EXPECT_EQ(g.name, "feed_forward");
    EXPECT_EQ(g.m, 512);
    EXPECT_EQ(g.n, 4096);
    EXPECT_EQ(g.k, 1024);
    EXPECT_FALSE(g.b_is_activation);
}

TEST(timeloop, filters_of_their_own_stand_side_by_side) {
    const auto g = product_of("depthwise.yaml");
    EXPECT_EQ(g.m, 2 * 56 * 56);
    EXPECT_EQ(g.n, 1);
    EXPECT_EQ(g.k, 9);
    EXPECT_EQ(g.batch, 96);
    EXPECT_FALSE(g.b_is_activation);
    const auto many = lower(with_batch(read_timeloop_problem(path_of("depthwise.yaml")), 3));
    EXPECT_EQ(std::get<gemm>(many.front()).m, 3 * 2 * 56 * 56);
    EXPECT_EQ(std::get<gemm>(many.front()).batch, 96);
}

TEST(timeloop, activations_side_by_side_are_no_weights) {
    const auto g = product_of("attention.yaml");
    EXPECT_EQ(g.m, 384);
    EXPECT_EQ(g.n, 512);
    EXPECT_EQ(g.k, 64);
    EXPECT_EQ(g.batch, 32);
    EXPECT_TRUE(g.b_is_activation);
}

TEST(timeloop, says_what_is_wrong) {
    const auto has = [](const std::string& message, const std::string& part) {
        EXPECT_NE(message.find(part), std::string::npos) << message;
    };
    has(refusal_of("gemm.yaml", "problem:", "probelm:"), "p.yaml:2: key 'problem' is missing");
    has(refusal_of("gemm.yaml", "  version: 0.4", "  verison: 0.4"),
        "p.yaml:3: problem: unknown key 'verison'; did you mean 'version'?");
    has(refusal_of("gemm.yaml", "dimensions:", "dimension:"),
        "p.yaml:7: shape: unknown key 'dimension'; did you mean 'dimensions'?");
    has(refusal_of("gemm.yaml", "K: 1024", "k: 1024"), "p.yaml:16: instance: unknown dimension 'k'");
    has(refusal_of("gemm.yaml", ", K: 1024", ""), "p.yaml:16: instance: dimension 'K' has no bound");
    has(refusal_of("gemm.yaml", "K: 1024", "K: 0"), "p.yaml:16: K: '0'; allowed: a whole number from 1 to 2147483647");
    has(refusal_of("gemm.yaml", "K: 1024", "K: [1]"), "p.yaml:16: K: no number");
    has(refusal_of("gemm.yaml", "K: 1024", "K: 1024, densities: {A: 0.5}"), "p.yaml:16: densities: sparse");
    has(refusal_of("gemm.yaml", "[[M]], [[K]]", "[[M]], [[L]]"), "p.yaml:10: projection of 'A': unknown dimension 'L'");
    has(refusal_of("gemm.yaml", "[[M]], [[K]]", "[[M]], [K]"), "p.yaml:10: a term in the projection of 'A' must be a");
    has(refusal_of("gemm.yaml", "feed_forward", "feed\xff"),
        "p.yaml:4: not a text file: byte 0xff; allowed: names in UTF-8");
    has(refusal_of("gemm.yaml", "feed_forward", "\"a\\nb\""),
        "p.yaml:4: not a text file: byte 0x0a; allowed: names in UTF-8");
    has(refusal_of("gemm.yaml", "read_write: true", "read_write: maybe"), "p.yaml:15: read_write: 'maybe'; allowed");
    has(refusal_of("gemm.yaml", "read_write: true", "read_write: false"), "p.yaml:9: data_spaces: 3, of which 0");
    has(refusal_of("gemm.yaml", "[[M]], [[N]]", "[[M], [N]]"), "p.yaml:14: projection of 'Z': the result has a sum");
    has(refusal_of("gemm.yaml", "[[N]], [[K]]", "[[N]]"), "p.yaml:16: dimension 'K' is in fewer than two of 'A'");
    has(refusal_of("gemm.yaml", "M, N, K]", "M, N, K, M]"), "p.yaml:7: dimensions: 'M' stands twice");
    has(refusal_of("gemm.yaml", "[M, N, K]", "K"), "p.yaml:7: dimensions must be a list");
    has(refusal_of("conv.yaml", "[P, Wstride]", "[P, Wstrid]"),
        "p.yaml:26: projection of 'Inputs': unknown coefficient 'Wstrid'; did you mean 'Wstride'?");
    has(refusal_of("conv.yaml", "    Wstride: 2", "    WStride: 2"),
        "p.yaml:43: instance: unknown dimension 'WStride'; did you mean 'Wstride'?");
    has(refusal_of("conv.yaml", "P: 28", "P: 2147483647"),
        "p.yaml:36: M = N x P passes 2147483647"); // the bounds of the instance
    has(refusal_of("named_shape.yml", "cnn-layer", "cnn-lair"), "p.yaml:14: unknown shape 'cnn-lair'; did you mean");
    has(refusal_of("named_shape.yml", "  C: 3", "  B: 3"), "p.yaml:3: instance: unknown dimension 'B'");
    has(refusal_of("depthwise.yaml", "C: 96", "C: 2147483647"), "C_in = C x R x S passes");
    has(refusal([] { read_timeloop_problem("/nonexistent/p.yaml"); }), "/nonexistent/p.yaml: no such file");
}

/// Bounds of one may stand anywhere: they change no product.
TEST(timeloop, dimensions_of_one_do_not_count) {
    auto text = text_of("gemm.yaml");
    text.replace(text.find("M, N, K]"), 8, "M, N, K, X]");
    text.replace(text.find("K: 1024"), 7, "K: 1024, X: 1");
    const auto g = std::get<gemm>(lower(parse_timeloop_problem(text, "p.yaml")).front());
    EXPECT_EQ(g.macs(), 512LL * 4096 * 1024);
}

TEST(timeloop, damaged_files_are_read_or_refused) {
    static const std::vector<std::string> pieces = {"[",          "]",
                                                    "{",          "}",
                                                    ": ",         "- ",
                                                    "\n",         "  ",
                                                    "#",          "&a ",
                                                    "*a",         "1",
                                                    "-1",         "99999999999999999999",
                                                    "2147483647", "K",
                                                    "true",       "~",
                                                    "\xff",       "read_write: true"};
    const auto seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    int read = 0, refused = 0;
    for (int i = 0; i < 6000; ++i) {
        auto text = text_of(files[random() % files.size()]);
        for (auto changes = 1 + random() % 3; changes > 0; --changes) {
            const auto at = random() % (text.size() + 1);
            switch (random() % 5) {
            case 0:
                text.insert(at, pieces[random() % pieces.size()]);
                break;
            case 1:
                text.erase(at, 1 + random() % 12);
                break;
            case 2:
                if (at < text.size()) text[at] = static_cast<char>(random() % 256);
                break;
            case 3:
                text.insert(at, text.substr(random() % (text.size() + 1), random() % 40));
                break;
            default:
                text.resize(text.size() - random() % (1 + text.size() / 8));
            }
        }
        try {
            const auto t = parse_timeloop_problem(text, "damaged.yaml");
            totals(lower(t), t.name);
            EXPECT_EQ(parse_trace(format_trace(t), "damaged.csv").layers, t.layers) << text;
            ++read;
        } catch (const input_error& error) {
            EXPECT_EQ(std::string(error.what()).rfind("damaged.yaml", 0), 0u) << error.what();
            ++refused;
        } catch (const std::exception& error) {
            FAIL() << error.what() << " for\n" << text;
        }
    }
    EXPECT_GT(read, 100);
    EXPECT_GT(refused, 100);
}

} // namespace
