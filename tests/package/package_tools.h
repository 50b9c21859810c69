#pragma once
/// The package as its users see it: installed into one folder, moved to another.
#include "program/child.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace cimtlm::test {

/// A command line of the shell, with both streams in `out`.
inline outcome shell(const std::string& command) {
    setting s;
    s.program = "/bin/sh";
    return call({"-c", command + " 2>&1"}, s);
}

inline std::string quoted(const std::string& path) { return "'" + path + "'"; }

class package : public testing::Test {
protected:
    void SetUp() override {
        if (std::string(CIMTLM_SANITIZED) != "")
            GTEST_SKIP() << "libraries with sanitizers do not link with programs without them";
        for (auto name : {"CIMTLM_HOME", "SYSTEMC_HOME", "CMAKE_PREFIX_PATH", "cimtlm_DIR"}) ::unsetenv(name);
        const auto o =
            shell(quoted(CIMTLM_CMAKE) + " --install " + quoted(CIMTLM_BUILD_DIR) + " --prefix " + quoted(first));
        ASSERT_EQ(o.status, 0) << o.out;
        std::filesystem::rename(first, prefix);
        const char* others = std::getenv("PKG_CONFIG_PATH");
        const auto path = prefix + "/" CIMTLM_LIBDIR "/pkgconfig" + (others ? std::string(":") + others : "");
        ::setenv("PKG_CONFIG_PATH", path.c_str(), 1);
    }

    /// Configures a project against the package.
    outcome configure(const std::string& source, const std::string& options = "") const {
        return shell(quoted(CIMTLM_CMAKE) + " -S " + quoted(source) + " -B " + quoted(source_build(source)) +
                     " -G '" CIMTLM_GENERATOR "' -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_COMPILER='" CIMTLM_CXX "'"
                     " -DCMAKE_CXX_COMPILER_LAUNCHER='" CIMTLM_LAUNCHER "' -DCMAKE_PREFIX_PATH=" +
                     quoted(prefix) + " " + options);
    }
    std::string source_build(const std::string& source) const {
        return folder.path("build-" + std::filesystem::path(source).filename().string());
    }

    scratch folder;
    const std::string first = folder.path("first"), prefix = folder.path("moved here");
    const bool shared = CIMTLM_IS_SHARED;
    const std::string example = CIMTLM_SOURCE_DIR "/examples/minimal_soc";
};

} // namespace cimtlm::test
