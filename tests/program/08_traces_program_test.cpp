// cimtlm-traces: writes the traces of the repository, and ends as the program does.
#include "child.h"

#include <gtest/gtest.h>

using namespace cimtlm::test;

namespace {
outcome traces(const std::vector<std::string>& arguments, setting s = {}) {
    s.program = CIMTLM_TRACES_PROGRAM;
    return call(arguments, s);
}
} // namespace

TEST(traces_program, writes_what_the_repository_holds) {
    const scratch s;
    const auto o = traces({s.path("all/of/them")});
    ASSERT_EQ(o.status, 0) << o.err;
    int found = 0;
    for (const auto& entry : std::filesystem::directory_iterator(s.path("all/of/them"))) {
        const auto name = entry.path().filename().string();
        EXPECT_EQ(read_file(entry.path().string()), read_file(std::string(CIMTLM_SOURCE_DIR) + "/traces/" + name))
            << name;
        ++found;
    }
    EXPECT_GE(found, 5);
    ASSERT_EQ(traces({s.path("one"), "lenet5"}).status, 0);
    EXPECT_TRUE(std::filesystem::exists(s.path("one/lenet5.csv")));
    EXPECT_FALSE(std::filesystem::exists(s.path("one/dlrm.csv")));
    // What it writes runs.
    EXPECT_EQ(run_json({"rf_digital_6t", s.path("one/lenet5.csv")}), run_json({"rf_digital_6t", "lenet5"}));
}

TEST(traces_program, exit_statuses) {
    const scratch s;
    EXPECT_EQ(traces({"--help"}).status, 0);
    EXPECT_TRUE(contains(traces({"--help"}).out, "bert_large"));
    const auto nothing = traces({});
    EXPECT_EQ(nothing.status, 2);
    EXPECT_EQ(nothing.out, "");
    EXPECT_TRUE(contains(nothing.err, "OUT_DIR")) << nothing.err;
    const auto unknown = traces({s.path("o"), "lenet"});
    EXPECT_EQ(unknown.status, 2);
    EXPECT_TRUE(contains(unknown.err, "did you mean 'lenet5'")) << unknown.err;
    EXPECT_FALSE(std::filesystem::exists(s.path("o")));
    s.file("file", "text");
    for (const auto& place :
         {s.path("file"), s.path("file/o"), std::string("/proc/cimtlm"), std::string("/dev/null")}) {
        const auto o = traces({place, "lenet5"});
        EXPECT_EQ(o.status, 3) << place;
        EXPECT_TRUE(contains(o.err, place)) << o.err;
    }
    setting full;
    full.file_size_limit = 100;
    const auto o = traces({s.path("full"), "lenet5"}, full);
    EXPECT_EQ(o.status, 3) << o.err;
}
