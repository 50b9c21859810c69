// How the program ends: full, closed and interrupted, and what it then leaves.
#include "child.h"

#include <gtest/gtest.h>

#include <csignal>

using namespace cimtlm::test;

namespace {

/// Work for minutes: it has to be interrupted.
const char* long_trace = "name,kind,M,N,K,repeat\nfc,linear,512,1024,1024,1000000\n";

bool begins_with(const std::string& text, const std::string& start) { return text.rfind(start, 0) == 0; }

} // namespace

TEST(endings, a_full_standard_output_is_the_environment) {
    setting full;
    full.standard_output = "/dev/full";
    for (const std::vector<std::string>& arguments : {std::vector<std::string>{"run", "tensor_core", "lenet5"},
                                                      {"run", "tensor_core", "lenet5", "--json"},
                                                      {"compare", "tensor_core", "--trace", "lenet5"},
                                                      {"list", "machines"},
                                                      {"show", "tensor_core"},
                                                      {"--help"}}) {
        const auto o = call(arguments, full);
        EXPECT_EQ(o.status, 3) << arguments[0];
        EXPECT_TRUE(contains(o.err, "standard output")) << o.err;
    }
}

TEST(endings, a_closed_pipe_is_silent) {
    setting head;
    head.read_at_most = 1;
    for (const std::vector<std::string>& arguments :
         {std::vector<std::string>{"run", "tensor_core", "bert_large", "--json"},
          {"compare", "tensor_core", "rf_digital_6t", "--trace", "bert_large", "--format", "json"},
          {"show", "tensor_core"}}) {
        const auto o = call(arguments, head);
        EXPECT_EQ(o.status, 0) << arguments[0];
        EXPECT_EQ(o.err, "");
    }
    setting closed; // before the first byte
    closed.read_at_most = 0;
    const auto o = call({"list", "machines"}, closed);
    EXPECT_EQ(o.status, 0);
    EXPECT_EQ(o.err, "");
}

TEST(endings, an_interrupt_removes_partial_results) {
    for (const int signal : {SIGINT, SIGTERM}) {
        const scratch s;
        const auto trace = s.file("long.csv", long_trace);
        setting interrupt;
        interrupt.send = signal;
        bool partial = false;
        interrupt.when = [&] {
            for (const auto& name : s.names()) partial = partial || begins_with(name, "o.partial");
            return partial;
        };
        const auto o = call({"run", "smem_digital_6t", trace, "--out", s.path("o"), "--json"}, interrupt);
        EXPECT_EQ(o.status, 130) << o.err;
        EXPECT_EQ(o.out, "");
        EXPECT_TRUE(contains(o.err, "interrupted")) << o.err;
        EXPECT_TRUE(partial);
        EXPECT_EQ(s.names(), std::vector<std::string>{"long.csv"});
    }
}

TEST(endings, an_interrupt_keeps_what_force_would_replace) {
    const scratch s;
    const auto trace = s.file("long.csv", long_trace);
    ASSERT_EQ(call({"run", "tensor_core", "lenet5", "--out", s.path("o")}).status, 0);
    const auto before = read_file(s.path("o/stats.json"));
    setting interrupt;
    interrupt.send = SIGINT;
    interrupt.when = [&] { return s.names().size() == 3; };
    EXPECT_EQ(call({"run", "smem_digital_6t", trace, "--out", s.path("o"), "--force"}, interrupt).status, 130);
    EXPECT_EQ(s.names(), (std::vector<std::string>{"long.csv", "o"}));
    EXPECT_EQ(read_file(s.path("o/stats.json")), before);
}

TEST(endings, an_interrupted_comparison_ends_its_runs) {
    const scratch s;
    const auto trace = s.file("long.csv", long_trace);
    // The children hold the pipe of standard error open, which call() reads to its end: it returns when all have gone.
    setting interrupt;
    interrupt.send = SIGINT;
    const auto begin = std::chrono::steady_clock::now();
    interrupt.when = [&] { return std::chrono::steady_clock::now() - begin > std::chrono::milliseconds(300); };
    const auto o = call({"compare", "tensor_core", "rf_digital_6t", "smem_digital_6t", "--trace", trace, "--jobs", "2"},
                        interrupt);
    EXPECT_EQ(o.status, 130);
    EXPECT_EQ(o.out, "");
    EXPECT_TRUE(contains(o.err, "interrupted")) << o.err;
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(30));
}

TEST(endings, no_progress_in_a_pipe) {
    const auto o = call({"run", "rf_digital_6t", "bert_large"});
    EXPECT_EQ(o.status, 0);
    EXPECT_EQ(o.err, "");
    EXPECT_FALSE(contains(o.out, "\r"));
    EXPECT_FALSE(contains(o.out, "\033"));
    const auto c = call({"compare", "tensor_core", "rf_digital_6t", "--trace", "bert_large"});
    EXPECT_EQ(c.status, 0);
    EXPECT_EQ(c.err, "");
}

TEST(endings, help_and_version) {
    for (const std::vector<std::string>& arguments : {std::vector<std::string>{"--help"},
                                                      {"-h"},
                                                      {"help"},
                                                      {"run", "--help"},
                                                      {"compare", "--help"},
                                                      {"list", "--help"},
                                                      {"show", "--help"},
                                                      {"--version"}}) {
        const auto o = call(arguments);
        EXPECT_EQ(o.status, 0) << arguments[0];
        EXPECT_TRUE(contains(o.out, "cimtlm")) << o.out;
        EXPECT_EQ(o.err, "");
    }
    // Each option of the issue is told where it is looked for.
    const auto help = call({"run", "--help"}).out;
    for (const auto& option : {"--gemm", "--set", "--fidelity", "--mapper", "--mapping", "--convention", "--steady",
                               "--cold", "--out", "--force", "--json"})
        EXPECT_TRUE(contains(help, option)) << option;
}
