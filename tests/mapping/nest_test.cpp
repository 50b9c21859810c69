// Loop nests as text, files of them, and the explanations of what cannot run.
#include "random_nests.h"

#include <cimtlm/base/error.h>
#include <cimtlm/mapping/flat_nest.h>
#include <cimtlm/mapping/mapping_file.h>
#include <cimtlm/mapping/rules.h>

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace cimtlm {
namespace {

gemm product(std::int64_t m, std::int64_t n, std::int64_t k) {
    gemm g;
    g.m = m;
    g.n = n;
    g.k = k;
    return g;
}

template <class Action> std::string refusal(Action action) {
    try {
        action();
    } catch (const input_error& e) {
        return e.what();
    }
    return "nothing was refused";
}

void expect_in(const std::string& text, const std::vector<std::string>& parts) {
    for (const auto& part : parts) EXPECT_NE(text.find(part), std::string::npos) << "'" << part << "' in: " << text;
}

TEST(Nest, TextComesBackAsTheSameNest) {
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
        const auto c = test::make_case(seed, false);
        const auto text = to_text(c.nest, c.shape);
        if (text.empty()) continue;
        EXPECT_TRUE(parse_nest(text, c.shape, "test") == c.nest) << text;
    }
}

TEST(Nest, TextIsReadWithoutCaseAndWithoutFactorsOfOne) {
    const auto m = study::rf("digital_6t");
    const auto shape = nest_slots(m, {});
    const auto nest = parse_nest(" DRAM k4 N8/smem N2 M1 M512 / Array K256 n16 ", shape, "test");
    EXPECT_EQ(to_text(nest, shape), "dram K4 N8 / smem N2 M512 / array K256 N16");
}

TEST(Nest, TextErrorsNameTheWord) {
    const auto shape = nest_slots(study::rf("digital_6t"), {});
    const auto parse = [&](const std::string& text) { return refusal([&] { parse_nest(text, shape, "maps.txt:3"); }); };
    expect_in(parse("dram N8 / smen M2"), {"maps.txt:3", "unknown level 'smen'", "did you mean 'smem'"});
    expect_in(parse("smem N8 / dram M2"), {"'dram' stands twice or out of order"});
    expect_in(parse("dram N8 / dram M2"), {"'dram' stands twice"});
    expect_in(parse("dram P8"), {"'P8' is not a loop"});
    expect_in(parse("dram N0"), {"'N0' is not a loop"});
    expect_in(parse("dram N-4"), {"'N-4' is not a loop"});
    expect_in(parse("dram N2147483648"), {"'N2147483648' is not a loop"});
    expect_in(parse("dram N" + std::string(500, '9')), {"is not a loop"});
    expect_in(parse("dram N8 // smem M2"), {"a level without a name"});
    expect_in(parse(""), {"maps.txt:3: no loop nest"});
}

TEST(Nest, ImpossibleNestsNameTheLevelAndWhatIsMissing) {
    const auto m = study::rf("digital_6t"); // 256 rows, 16 columns, 4 arrays, 262144 B
    const auto shape = nest_slots(m, {});
    const auto g = product(512, 64, 1024);
    const auto why = [&](const std::string& text) { return why_impossible(parse_nest(text, shape, "t"), g, m, shape); };
    EXPECT_EQ(why("dram M512 K4 N4 / array K256 N16"), "");
    EXPECT_EQ(why("dram M512 K4 N4 / array K257 N16"),
              "level 'array' has 256 places along K, the nest wants 257: 1 missing");
    EXPECT_EQ(why("dram M512 K4 / array M2 K256 N16"),
              "level 'array' has 1 places along M, the nest wants 2: 1 missing");
    EXPECT_EQ(why("dram M512 N2 / bank K3 N2 / array K256 N16"),
              "level 'bank' has 4 instances, the nest wants 6: 2 missing");
    EXPECT_EQ(why("dram M512 K4 N3 / array K256 N16"), "the loops over N cover 48 of 64: 16 missing");
    EXPECT_EQ(why("smem M512 K4 N4 / array K256 N16"),
              "level 'smem' holds 262144 B, the tile of the nest needs 557056 B: 294912 B missing");
    expect_in(why("dram M2147483647 M2147483647 M2147483647"), {"passes 2^62"});
    expect_in(why("dram M2147483647 N2147483647 K2147483647"), {"passes 2^62"});
}

TEST(Nest, CapacityHoldsWhatTheProductHasNotItsPadding) {
    auto m = study::rf("digital_6t");
    m.memories[1].capacity_bytes = 100 * 250 + 100 * 10;
    const auto shape = nest_slots(m, {});
    const auto nest = parse_nest("smem M128 / array K256 N16", shape, "t");
    EXPECT_EQ(why_impossible(nest, product(100, 10, 250), m, shape), "");
    expect_in(why_impossible(nest, product(100, 10, 251), m, shape), {"100 B missing"});
}

TEST(Nest, WeightsWiderThanTheArrayAreExplained) {
    const auto m = study::rf("analog_6t"); // 4 columns of 8 bits
    auto g = product(4, 4, 4);
    g.bits.b = 64;
    const auto shape = nest_slots(m, g.bits);
    EXPECT_EQ(why_impossible(parse_nest("dram M4 N4 / array K4", shape, "t"), g, m, shape),
              "level 'array' has 4 columns, one weight of 64 bits takes 8: 4 missing");
    expect_in(refusal([&] { map_by_rules(g, m, shape); }), {"64 bits", "8 columns", "has 4"});
}

TEST(Nest, RulesExplainASharedMemoryThatIsTooSmall) {
    auto m = study::rf("digital_6t");
    m.memories[1].capacity_bytes = 250; // Ku + Nu = 256 + 16
    const auto g = product(512, 16, 1024);
    const auto shape = nest_slots(m, g.bits);
    expect_in(refusal([&] { map_by_rules(g, m, shape); }),
              {"no mapping", "level 'smem' holds 250 B", "needs 272 B", "22 B missing"});
    m.memories[1].capacity_bytes = 272;
    EXPECT_EQ(why_impossible(map_by_rules(g, m, shape), g, m, shape), "");
}

class MappingFile : public testing::Test {
protected:
    void SetUp() override {
        const auto* test = testing::UnitTest::GetInstance()->current_test_info();
        folder_ = std::filesystem::temp_directory_path() / (std::string("cimtlm_mapping_file_") + test->name());
        std::filesystem::create_directories(folder_);
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }
    std::string write(const std::string& text) {
        const auto path = (folder_ / "nests.txt").string();
        std::ofstream(path, std::ios::binary) << text;
        return path;
    }
    loop_nest find(const std::string& text, const gemm& g) { return mapping_file(write(text)).find(g, m_, shape_); }

    std::filesystem::path folder_;
    machine m_ = study::rf("digital_6t");
    std::vector<nest_slot> shape_ = nest_slots(m_, {});
};

TEST_F(MappingFile, FirstFittingLineCounts) {
    const std::string text = "# nests by hand\r\n"
                             "\n"
                             "8,16,256: dram M8 / array K256 N16 # one\r\n"
                             "8 , 16 , 512: dram M8 K2 / array K256 N16\n"
                             "dram M9 N2 K2 / array K256 N16";
    EXPECT_EQ(to_text(find(text, product(8, 16, 256)), shape_), "dram M8 / array K256 N16");
    EXPECT_EQ(to_text(find(text, product(8, 16, 512)), shape_), "dram M8 K2 / array K256 N16");
    EXPECT_EQ(to_text(find(text, product(9, 16, 512)), shape_), "dram M9 N2 K2 / array K256 N16");
}

TEST_F(MappingFile, ErrorsNameFileAndLine) {
    const auto g = product(8, 16, 256);
    const auto error = [&](const std::string& text) { return refusal([&] { find(text, g); }); };
    expect_in(refusal([&] { mapping_file((folder_ / "missing.txt").string()); }), {"missing.txt: cannot be read"});
    expect_in(refusal([&] { mapping_file(folder_.string()); }), {"is a directory"});
    expect_in(error(""), {"nests.txt: no loop nest in it"});
    expect_in(error("# only a comment\n \t\n"), {"no loop nest in it"});
    expect_in(error("8,16: dram M8\n"), {"nests.txt:1: write 'M,N,K: NEST'"});
    expect_in(error("8,16,x: dram M8\n"), {"nests.txt:1"});
    expect_in(error("8,16,-1: dram M8\n"), {"nests.txt:1"});
    expect_in(error("8,16,99999999999999999999999: dram M8\n"), {"nests.txt:1"});
    expect_in(error("8,16,257: dram M8\n"), {"nests.txt: no line fits GEMM 8,16,256"});
    expect_in(error("\n8,16,256: dram M4 / array K256 N16"), {"nests.txt:2: the loops over M cover 4 of 8: 4 missing"});
    expect_in(error(std::string(5000, 'N')), {"nests.txt:1: a line over 4096 characters"});
    expect_in(error("8,16,256: dram M8 : array K256"), {"nests.txt:1"});
    std::string junk;
    test::dice d(5);
    for (int i = 0; i < 3000; ++i) junk += static_cast<char>(d.roll(0, 255));
    expect_in(error(junk), {"nests.txt"});
    expect_in(error(std::string("dram\0M8", 7)), {"nests.txt:1"});
}

TEST(Gemm, LimitsAreExplained) {
    const auto check = [](const gemm& g) { return refusal([&] { g.validate("bert.csv:7"); }); };
    product(gemm::largest_extent, 1, 1).validate("");
    expect_in(check(product(0, 1, 1)), {"bert.csv:7: M is 0", "allowed 1 to 2147483647"});
    expect_in(check(product(1, -5, 1)), {"N is -5"});
    expect_in(check(product(1, 1, gemm::largest_extent + 1)), {"K is 2147483648"});
    auto g = product(1, 1, 1);
    g.batch = 0;
    expect_in(check(g), {"batch is 0"});
    g = product(1, 1, 1);
    g.repeat = -1;
    expect_in(check(g), {"repeat is -1"});
    g = product(1, 1, 1);
    g.bits.b = 65;
    expect_in(check(g), {"bits of B is 65", "allowed 1 to 64"});
    g.bits.b = 0;
    expect_in(check(g), {"bits of B is 0"});
    // 2^59 MACs of 8 bits are the most.
    g = product(std::int64_t{1} << 30, std::int64_t{1} << 29, 1);
    g.validate("");
    g.bits.partial = 9;
    expect_in(check(g), {"9 bits is larger than 2^62"});
    g = product(gemm::largest_extent, gemm::largest_extent, gemm::largest_extent);
    expect_in(check(g), {"larger than 2^62"});
}

} // namespace
} // namespace cimtlm
