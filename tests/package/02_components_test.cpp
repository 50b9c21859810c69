// What find_package asks for, component by component, and what it says when something is missing.
#include "package_tools.h"

namespace {

using namespace cimtlm::test;

class components : public package {
protected:
    outcome find(const std::string& wanted, const std::string& options = "", const std::string& before = "") {
        const auto project = folder.path("project");
        std::filesystem::create_directories(project);
        std::filesystem::remove_all(source_build(project));
        folder.file(
            "project/CMakeLists.txt",
            "cmake_minimum_required(VERSION 3.20)\nproject(user LANGUAGES CXX)\n" + before + "\nfind_package(cimtlm " +
                wanted +
                ")\nforeach(t core models config)\nif(TARGET cimtlm::${t})\nmessage(STATUS \"has ${t}\")\nendif()\n"
                "endforeach()\nmessage(STATUS \"data ${cimtlm_DATA_DIR}\")\n");
        auto o = configure(project, options);
        for (auto& c : o.out) // as CMake breaks its lines
            if (c == '\n') c = ' ';
        for (auto at = o.out.find("  "); at != std::string::npos; at = o.out.find("  ")) o.out.erase(at, 1);
        return o;
    }
    const std::string no_systemc =
        "-DCMAKE_DISABLE_FIND_PACKAGE_SystemCLanguage=ON -DCMAKE_DISABLE_FIND_PACKAGE_PkgConfig=ON ";
    const std::string no_yaml = "-DCMAKE_DISABLE_FIND_PACKAGE_yaml-cpp=ON ";
};

TEST_F(components, ask_for_what_they_need_alone) {
    const auto core = find("0.1 REQUIRED COMPONENTS core", no_systemc + no_yaml);
    EXPECT_EQ(core.status, 0) << core.out;
    EXPECT_TRUE(contains(core.out, "has core") && !contains(core.out, "has models") &&
                !contains(core.out, "has config"))
        << core.out;
    EXPECT_TRUE(contains(core.out, "data " + prefix + "/" CIMTLM_DATADIR "/cimtlm")) << core.out;
    const auto config = find("0.1 REQUIRED COMPONENTS config", no_systemc);
    EXPECT_EQ(config.status, 0) << config.out;
    EXPECT_TRUE(contains(config.out, "has config") && !contains(config.out, "has models")) << config.out;
    const auto all = find("REQUIRED");
    EXPECT_EQ(all.status, 0) << all.out;
    EXPECT_TRUE(contains(all.out, "has core") && contains(all.out, "has models") && contains(all.out, "has config"))
        << all.out;
}

TEST_F(components, unknown_ones_are_named) {
    const auto o = find("REQUIRED COMPONENTS core modles");
    EXPECT_NE(o.status, 0);
    EXPECT_TRUE(contains(o.out, "component 'modles': there is none of this name; cimtlm has core, models, config"))
        << o.out;
    EXPECT_EQ(find("0.1 REQUIRED COMPONENTS core OPTIONAL_COMPONENTS modles").status, 0);
}

TEST_F(components, another_version_is_refused) {
    EXPECT_NE(find("0.2 REQUIRED COMPONENTS core").status, 0);
    EXPECT_NE(find("1 REQUIRED COMPONENTS core").status, 0);
}

TEST_F(components, without_systemc_the_four_ways_are_told) {
    const auto o = find("REQUIRED COMPONENTS models", no_systemc);
    EXPECT_NE(o.status, 0);
    for (const auto* part :
         {"component 'models': SystemC was not found", "a target SystemC::systemc of the surrounding project",
          "SystemCLanguage_DIR", "pkg-config (systemc.pc", "the environment variable SYSTEMC_HOME"})
        EXPECT_TRUE(contains(o.out, part)) << part << "\n" << o.out;
    const auto optional = find("REQUIRED COMPONENTS core OPTIONAL_COMPONENTS models", no_systemc);
    EXPECT_EQ(optional.status, 0) << optional.out;
    EXPECT_TRUE(contains(optional.out, "has core") && !contains(optional.out, "has models")) << optional.out;
}

TEST_F(components, the_systemc_of_the_project_and_of_its_home) {
    const auto target =
        find("REQUIRED COMPONENTS models", no_systemc, "add_library(SystemC::systemc INTERFACE IMPORTED)");
    EXPECT_EQ(target.status, 0) << target.out;
    EXPECT_TRUE(contains(target.out, "has models")) << target.out;

    for (const auto* sub : {"include", "lib"}) std::filesystem::create_directories(folder.path("home") + "/" + sub);
    folder.file("home/include/systemc", "");
    folder.file("home/lib/libsystemc.so", "");
    ::setenv("SYSTEMC_HOME", folder.path("home").c_str(), 1);
    const auto home = find("REQUIRED COMPONENTS models", no_systemc);
    EXPECT_EQ(home.status, 0) << home.out;
    EXPECT_TRUE(contains(home.out, "has models")) << home.out;
}

TEST_F(components, without_yaml_cpp_that_is_told) {
    if (shared) GTEST_SKIP() << "a shared library brings it along";
    const auto o = find("REQUIRED COMPONENTS config", no_yaml);
    EXPECT_NE(o.status, 0);
    EXPECT_TRUE(contains(o.out, "component 'config': yaml-cpp was not found (Debian: libyaml-cpp-dev)")) << o.out;
}

} // namespace
