// Does the plugin hold in a real gem5? Where GEM5 names a tree in which it has been built with the plugin and
// CIMTLM_BUILD the libraries that it links (docs/gem5.md); skipped otherwise. The address map is read in any case.
#include <platforms/riscv_soc/firmware/soc_map.h>

#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

namespace {

namespace fs = std::filesystem;

const std::string plugin = CIMTLM_SOURCE_DIR "/platforms/gem5_cimtlm";
constexpr int no_plugin = 77; // exit code of check_gem5.py

struct outcome {
    int status;
    std::string out;
};

outcome shell(const std::string& command) {
    outcome o{-1, ""};
    FILE* const pipe = ::popen((command + " 2>&1").c_str(), "r");
    if (!pipe) return o;
    std::array<char, 4096> piece;
    while (const auto count = std::fread(piece.data(), 1, piece.size(), pipe)) o.out.append(piece.data(), count);
    const int status = ::pclose(pipe);
    o.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return o;
}

std::string quoted(const std::string& path) { return "'" + path + "'"; }

class in_gem5 : public testing::TestWithParam<const char*> {};

TEST_P(in_gem5, holds) {
    const char* const tree = std::getenv("GEM5");
    const char* const build = std::getenv("CIMTLM_BUILD");
    const auto program = tree ? fs::path(tree) / "build/RISCV/gem5.opt" : fs::path();
    if (!tree || !fs::exists(program)) GTEST_SKIP() << "GEM5 names no tree with build/RISCV/gem5.opt";
    if (!build || !fs::exists(fs::path(build) / "gem5_link.json"))
        GTEST_SKIP() << "CIMTLM_BUILD names no build of the libraries for gem5";
    const auto out = fs::temp_directory_path() / ("cimtlm-gem5-" + std::to_string(::getpid()));
    auto command = "python3 -B " + quoted(plugin + "/check_gem5.py") + " --gem5 " + quoted(program.string()) +
                   " --build " + quoted(build) + " --out " + quoted(out.string()) + " --parts " + GetParam();
    const auto soc = fs::path(CIMTLM_PROGRAM).parent_path() / "cimtlm-soc";
    if (fs::exists(soc)) command += " --soc " + quoted(soc.string());
    const auto o = shell(command);
    fs::remove_all(out);
    if (o.status == no_plugin) GTEST_SKIP() << o.out;
    EXPECT_EQ(o.status, 0) << o.out;
}

INSTANTIATE_TEST_SUITE_P(parts, in_gem5, testing::Values("traffic", "guest", "firmware", "checkpoint"),
                         [](const auto& info) { return std::string(info.param); });

TEST(gem5_configurations, read_the_address_map_whole) {
    const auto o = shell("cd " + quoted(plugin + "/configs") +
                         " && python3 -B -c 'import soc_map\nfor n, v in soc_map.soc_map().items(): print(n, v)'");
    ASSERT_EQ(o.status, 0) << o.out;
    std::string all;
    const auto add = [&all](const char* name, std::uint64_t value) {
        all += std::string(name) + " " + std::to_string(value) + "\n";
    };
    add("CLINT", SOC_CLINT);
    add("CLINT_BYTES", SOC_CLINT_BYTES);
    add("CLINT_MSIP", SOC_CLINT_MSIP);
    add("CLINT_MTIMECMP", SOC_CLINT_MTIMECMP);
    add("CLINT_MTIME", SOC_CLINT_MTIME);
    add("PLIC", SOC_PLIC);
    add("PLIC_BYTES", SOC_PLIC_BYTES);
    add("PLIC_PRIORITY", SOC_PLIC_PRIORITY);
    add("PLIC_PENDING", SOC_PLIC_PENDING);
    add("PLIC_ENABLE", SOC_PLIC_ENABLE);
    add("PLIC_THRESHOLD", SOC_PLIC_THRESHOLD);
    add("PLIC_CLAIM", SOC_PLIC_CLAIM);
    add("UART", SOC_UART);
    add("UART_BYTES", SOC_UART_BYTES);
    add("UART_SOURCE", SOC_UART_SOURCE);
    add("CIM_CONTROL", SOC_CIM_CONTROL);
    add("CIM_CONTROL_STRIDE", SOC_CIM_CONTROL_STRIDE);
    add("CIM_WINDOW", SOC_CIM_WINDOW);
    add("CIM_WINDOW_STRIDE", SOC_CIM_WINDOW_STRIDE);
    add("CIM_SOURCE", SOC_CIM_SOURCE);
    add("RAM", SOC_RAM);
    EXPECT_EQ(o.out, all);
}

} // namespace
