// Do the floors that know SystemC compile against the headers of gem5 and of SystemC 3? Where GEM5 and SYSTEMC_HOME
// name source trees; skipped otherwise.
#include "package_tools.h"

#include <algorithm>
#include <atomic>
#include <future>
#include <set>
#include <thread>
#include <vector>

namespace {

using namespace cimtlm::test;
namespace fs = std::filesystem;

std::string tree(const char* variable, const std::string& holds) {
    const char* value = std::getenv(variable);
    return value && fs::exists(fs::path(value) / holds) ? value : "";
}

void compile_all(const std::string& options) {
    const std::string root = CIMTLM_SOURCE_DIR;
    std::set<std::string> sources;
    for (const auto* floor : {"tlm", "modules"})
        for (const auto& entry : fs::directory_iterator(root + "/sc_models/cimtlm/" + floor))
            if (entry.path().extension() == ".cpp") sources.insert(entry.path().string());
    ASSERT_FALSE(sources.empty());
    const std::vector<std::string> files(sources.begin(), sources.end());
    std::atomic<std::size_t> next{0};
    const auto work = [&] {
        for (std::size_t i = next++; i < files.size(); i = next++) {
            const auto o = shell(quoted(CIMTLM_CXX) + " -std=c++17 -fsyntax-only -Wall -Wextra -Werror -I" +
                                 quoted(root + "/sc_models") + " -I" + quoted(root + "/driver") + " " + options + " " +
                                 quoted(files[i]));
            EXPECT_EQ(o.status, 0) << files[i] << "\n" << o.out.substr(0, 3000);
        }
    };
    std::vector<std::future<void>> workers;
    for (unsigned i = 0; i < std::max(1u, std::thread::hardware_concurrency()); ++i)
        workers.push_back(std::async(std::launch::async, work));
    for (auto& worker : workers) worker.get();
}

TEST(portable_subset, compiles_against_gem5) {
    const auto gem5 = tree("GEM5", "src/systemc/ext/systemc_home/include/systemc");
    if (gem5.empty()) GTEST_SKIP() << "GEM5 names no source tree of gem5";
    compile_all("-isystem " + quoted(gem5 + "/src/systemc/ext/systemc_home/include") + " -isystem " +
                quoted(gem5 + "/src"));
}

TEST(portable_subset, compiles_against_systemc_3) {
    const auto home = tree("SYSTEMC_HOME", "src/systemc");
    if (home.empty()) GTEST_SKIP() << "SYSTEMC_HOME names no source tree of SystemC";
    compile_all("-DSC_ALLOW_DEPRECATED_IEEE_API -isystem " + quoted(home + "/src"));
}

} // namespace
