// Does a project outside the tree build and run against what was installed, also after it was moved?
#include "package_tools.h"

#include <algorithm>

namespace {

using namespace cimtlm::test;

// The example's figures follow from the macro's: 256 x 16 weights at 3.2 pJ, as many multiply-accumulates at 2 x 0.34
// pJ. With a clock that makes no sense it catches the library's input_error.
void expect_example(const std::string& command) {
    const auto o = shell(command);
    EXPECT_EQ(o.status, 0) << o.out;
    for (const auto* part :
         {"outputs right, error code 0", " computed in 28 ns", "macro 15892.5 pJ", "bus 445.6 pJ", "energy 16338.1 pJ"})
        EXPECT_TRUE(contains(o.out, part)) << part << "\n" << o.out;
    const auto refused = shell(command + " 0");
    EXPECT_EQ(refused.status, 2) << refused.out;
    EXPECT_TRUE(contains(refused.out, "minimal_soc: ")) << refused.out;
}

TEST_F(package, the_example_builds_and_runs_with_cmake) {
    const auto configured = configure(example);
    ASSERT_EQ(configured.status, 0) << configured.out;
    const auto built = shell(quoted(CIMTLM_CMAKE) + " --build " + quoted(source_build(example)));
    ASSERT_EQ(built.status, 0) << built.out;
    EXPECT_FALSE(contains(built.out, "warning")) << built.out;
    expect_example(quoted(source_build(example) + "/minimal_soc"));
}

TEST_F(package, the_example_builds_and_runs_with_pkg_config) {
    if (shell("pkg-config --exists systemc").status != 0) GTEST_SKIP() << "SystemC is not known to pkg-config";
    const auto program = folder.path("minimal_soc");
    const auto flags =
        shell(std::string("pkg-config --cflags --libs ") + (shared ? "" : "--static ") + "cimtlm-models");
    ASSERT_EQ(flags.status, 0) << flags.out;
    // Names with spaces come escaped, for the shell to read.
    const auto built =
        shell("eval " CIMTLM_LAUNCHER " '" CIMTLM_CXX "' -std=c++17 -c " + example + "/main.cpp -o " + program +
              ".o $(pkg-config --cflags cimtlm-models) && eval '" CIMTLM_CXX "' " + program + ".o -o " + program +
              " $(pkg-config --libs " + (shared ? "" : "--static ") + "cimtlm-models)");
    ASSERT_EQ(built.status, 0) << built.out;
    expect_example("LD_LIBRARY_PATH=" + quoted(prefix + "/" CIMTLM_LIBDIR) + " " + program);
}

TEST_F(package, configurations_and_their_errors_with_pkg_config) {
    const auto source = folder.file("main.cpp", R"(
        #include <cimtlm/base/error.h>
        #include <platforms/config/config.h>
        #include <workloads/lowering.h>
        #include <workloads/trace.h>
        #include <cstdio>
        int main() try {
            std::printf("%s\n%s\n", cimtlm::data_root().c_str(), cimtlm::load_machine("tensor_core").value.name.c_str());
            std::printf("%zu layers\n", cimtlm::read_trace(cimtlm::find_trace("lenet5")).layers.size());
            cimtlm::load_machine("tensor_cor");
        } catch (const cimtlm::does_not_fit_error&) {
            std::puts("too large");
        } catch (const cimtlm::input_error& error) {
            std::printf("refused: %s\n", error.what());
        })");
    const auto program = folder.path("configured");
    const auto built = shell("eval '" CIMTLM_CXX "' -std=c++17 " + source + " -o " + program +
                             " $(pkg-config --cflags --libs " + (shared ? "" : "--static ") + "cimtlm-config)");
    ASSERT_EQ(built.status, 0) << built.out;
    const auto o = shell("LD_LIBRARY_PATH=" + quoted(prefix + "/" CIMTLM_LIBDIR) + " " + program);
    EXPECT_EQ(o.status, 0) << o.out;
    // A library knows where it lies; a program that holds the library falls back to the source tree.
    EXPECT_EQ(lines(o.out).at(0), shared ? prefix + "/" CIMTLM_DATADIR "/cimtlm" : CIMTLM_SOURCE_DIR);
    EXPECT_TRUE(contains(o.out, "\ntensor_core\n")) << o.out;
    EXPECT_TRUE(contains(o.out, " layers\n")) << o.out;
    EXPECT_TRUE(contains(o.out, "refused: unknown machine 'tensor_cor'; did you mean 'tensor_core'?")) << o.out;
    const auto version = shell("pkg-config --modversion cimtlm-core cimtlm-models cimtlm-config");
    EXPECT_EQ(version.out, CIMTLM_VERSION "\n" CIMTLM_VERSION "\n" CIMTLM_VERSION "\n");
}

TEST_F(package, the_program_reads_the_data_beside_it) {
    const auto data = prefix + "/" CIMTLM_DATADIR "/cimtlm/";
    std::filesystem::copy_file(data + "traces/lenet5.csv", data + "traces/only_here.csv");
    setting s;
    s.program = prefix + "/" CIMTLM_BINDIR "/cimtlm";
    const auto traces = call({"list", "traces"}, s);
    EXPECT_EQ(traces.status, 0) << traces.err;
    EXPECT_TRUE(contains(traces.out, "only_here\n")) << traces.out;
    const auto run = call({"run", "rf_digital_6t", "only_here", "--json"}, s);
    EXPECT_EQ(run.status, 0) << run.err;
}

TEST_F(package, holds_what_it_says_and_no_path_of_its_place) {
    namespace fs = std::filesystem;
    const auto data = prefix + "/" CIMTLM_DATADIR "/cimtlm/";
    for (const auto& file :
         {data + "platforms/study/tensor_core.yaml", data + "platforms/a100/cim_l2.yaml",
          data + "platforms/parts/macros/digital_6t.yaml", data + "traces/bert_large.csv",
          data + "driver/cim_registers.h", prefix + "/" CIMTLM_INCLUDEDIR "/cimtlm/driver/cim_registers.h",
          prefix + "/" CIMTLM_INCLUDEDIR "/cimtlm/modules/bus.h",
          prefix + "/" CIMTLM_INCLUDEDIR "/cimtlm_config/platforms/config/config.h"})
        EXPECT_TRUE(fs::exists(file)) << file;
    for (const auto& entry : fs::recursive_directory_iterator(prefix)) {
        const auto suffix = entry.path().extension();
        if (suffix != ".cmake" && suffix != ".pc" && suffix != ".h") continue;
        const auto text = read_file(entry.path().string());
        for (const auto& place : {first, std::string(CIMTLM_BUILD_DIR), std::string(CIMTLM_SOURCE_DIR)})
            EXPECT_FALSE(contains(text, place)) << entry.path() << " holds " << place;
    }
    if (shared) {
        const auto library = prefix + "/" CIMTLM_LIBDIR "/libcimtlm_core.so.0";
        EXPECT_TRUE(contains(shell("readelf -d " + quoted(library)).out, "[libcimtlm_core.so.0]"));
        const auto names = lines(shell("nm -D --defined-only --format=just-symbols " + quoted(library)).out);
        EXPECT_TRUE(std::count(names.begin(), names.end(), "_ZTIN6cimtlm11input_errorE")) << "for catch";
        for (const auto& name : names) EXPECT_TRUE(contains(name, "N6cimtlm") || contains(name, "NK6cimtlm")) << name;
    }
}

TEST_F(package, every_installed_header_stands_alone) {
    namespace fs = std::filesystem;
    std::string text;
    for (const auto* folder_name : {"cimtlm", "cimtlm_config"}) {
        const fs::path include = prefix + "/" CIMTLM_INCLUDEDIR;
        const auto base = std::string(folder_name) == "cimtlm" ? include : include / folder_name;
        for (const auto& entry : fs::recursive_directory_iterator(include / folder_name))
            if (entry.path().extension() == ".h")
                text += "#include <" + fs::relative(entry.path(), base).string() + ">\n";
    }
    const auto source = folder.file("all.cpp", text + "int main() {}\n");
    const auto built = shell("eval '" CIMTLM_CXX "' -std=c++17 -Wall -Wextra -Werror -fsyntax-only " + source +
                             " $(pkg-config --cflags cimtlm-models cimtlm-config)");
    EXPECT_EQ(built.status, 0) << built.out << text;
}

} // namespace
