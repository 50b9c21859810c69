// The folder of results: whole, readable back, written aside.
#include "child.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include <sys/stat.h>
#include <unistd.h>

using namespace cimtlm::test;

namespace {

const std::vector<std::string> files{"config.yaml", "layers.csv", "mapping.txt", "stats.json", "stats.txt"};

std::vector<std::string> cells(const std::string& line) {
    std::vector<std::string> found(1);
    for (char c : line)
        if (c == ',')
            found.emplace_back();
        else
            found.back() += c;
    return found;
}

/// Without what a run through a file says differently: the name of the machine or of the mapper.
boost::json::object nameless(boost::json::object o) {
    o.erase("machine");
    o.erase("mapper");
    return o;
}

std::vector<std::string> in(const std::string& folder) {
    std::vector<std::string> found;
    for (const auto& entry : std::filesystem::directory_iterator(folder))
        found.push_back(entry.path().filename().string());
    std::sort(found.begin(), found.end());
    return found;
}

} // namespace

TEST(folder, holds_what_json_prints) {
    const scratch s;
    const auto o = call({"run", "rf_digital_6t", "lenet5", "--out", s.path("results/deep/one/"), "--json"});
    ASSERT_EQ(o.status, 0) << o.err;
    const auto folder = s.path("results/deep/one");
    EXPECT_EQ(in(folder), files);
    EXPECT_EQ(in(s.path("results/deep")), std::vector<std::string>{"one"}); // nothing is left beside it
    EXPECT_EQ(read_file(folder + "/stats.json"), o.out);
}

TEST(folder, layers_csv) {
    const scratch s;
    for (const std::string fidelity : {"bound", "tile"}) {
        const auto folder = s.path(fidelity);
        const auto r = run_json({"rf_digital_6t", "lenet5", "--fidelity", fidelity, "--out", folder});
        const auto rows = lines(read_file(folder + "/layers.csv"));
        ASSERT_GT(rows.size(), 5u);
        EXPECT_EQ(rows[0], "name,M,N,K,batch,repeat,time_ps,energy_pj,macs,utilization,bound_by");
        std::int64_t time_ps = 0, macs = 0;
        double energy_pj = 0;
        for (std::size_t i = 1; i < rows.size(); ++i) {
            const auto row = cells(rows[i]);
            ASSERT_EQ(row.size(), 11u) << rows[i];
            time_ps += std::stoll(row[6]);
            energy_pj += std::stod(row[7]);
            macs += std::stoll(row[8]);
            EXPECT_LE(std::stod(row[9]), 1) << rows[i];
            EXPECT_FALSE(row[10].empty()) << rows[i];
        }
        EXPECT_EQ(cells(rows[1])[0], "c1");
        EXPECT_EQ(time_ps, at(r, {"totals", "time_ps"}).to_number<std::int64_t>());
        EXPECT_EQ(macs, at(r, {"totals", "macs"}).to_number<std::int64_t>());
        EXPECT_NEAR(energy_pj, number(at(r, {"totals", "energy_pj"})), 1e-9 * energy_pj);
    }
}

TEST(folder, stats_txt_is_gem5s_form) {
    const scratch s;
    const auto r = run_json({"tensor_core", "lenet5", "--out", s.path("o")});
    const auto text = lines(read_file(s.path("o") + "/stats.txt"));
    ASSERT_GT(text.size(), 20u);
    EXPECT_EQ(text.front(), "---------- Begin Simulation Statistics ----------");
    EXPECT_EQ(text.back(), "---------- End Simulation Statistics   ----------");
    bool time = false;
    for (std::size_t i = 1; i + 1 < text.size(); ++i) {
        const auto comment = text[i].find(" # ");
        ASSERT_NE(comment, std::string::npos) << text[i];
        EXPECT_EQ(text[i].back(), ')') << text[i]; // the unit
        std::istringstream words(text[i].substr(0, comment));
        std::string name, value, more;
        words >> name >> value;
        EXPECT_FALSE(words >> more) << text[i];
        std::size_t used = 0;
        std::stod(value, &used);
        EXPECT_EQ(used, value.size()) << text[i];
        if (name == "totals.time_ps") {
            time = true;
            EXPECT_EQ(std::stoll(value), at(r, {"totals", "time_ps"}).to_number<std::int64_t>());
        }
    }
    EXPECT_TRUE(time);
}

TEST(folder, config_loads_back_and_gives_the_same_result) {
    const scratch s;
    for (const auto& machine : study_machines()) {
        const auto folder = s.path(machine);
        const auto r =
            run_json({machine, "--gemm", "64,256,512", "--set", "dram.read_bytes_per_cycle=16", "--out", folder});
        const auto again = run_json({folder + "/config.yaml", "--gemm", "64,256,512"});
        EXPECT_EQ(nameless(r), nameless(again)) << machine;
        // It is the effective configuration: the change is in it, and it is its own effective configuration.
        const auto changed = call({"show", folder + "/config.yaml", "--yaml"});
        EXPECT_EQ(changed.status, 0);
        EXPECT_EQ(changed.out, read_file(folder + "/config.yaml")) << machine;
    }
}

TEST(folder, mapping_reads_back_and_gives_the_same_result) {
    const scratch s;
    for (const auto& machine : study_machines())
        for (const std::string mapper : {"rules", "search"}) {
            const auto folder = s.path(machine + mapper);
            const auto r = run_json({machine, "lenet5", "--mapper", mapper, "--out", folder});
            EXPECT_EQ(r.at("mapper").as_string(), mapper);
            const auto again = run_json({machine, "lenet5", "--mapping", folder + "/mapping.txt"});
            EXPECT_EQ(nameless(r), nameless(again)) << machine << " " << mapper;
        }
}

TEST(folder, that_exists_is_kept_without_force) {
    const scratch s;
    const auto folder = s.path("o");
    ASSERT_EQ(call({"run", "tensor_core", "lenet5", "--out", folder}).status, 0);
    const auto before = read_file(folder + "/stats.json");
    const auto refused = call({"run", "rf_digital_6t", "lenet5", "--out", folder});
    EXPECT_EQ(refused.status, 2);
    EXPECT_TRUE(contains(refused.err, folder) && contains(refused.err, "--force")) << refused.err;
    EXPECT_EQ(refused.out, "");
    EXPECT_EQ(read_file(folder + "/stats.json"), before);

    ASSERT_EQ(call({"run", "rf_digital_6t", "lenet5", "--out", folder, "--force"}).status, 0);
    EXPECT_NE(read_file(folder + "/stats.json"), before);
    EXPECT_EQ(in(folder), files);
    EXPECT_EQ(s.names(), std::vector<std::string>{"o"});
}

TEST(folder, force_replaces_results_and_nothing_else) {
    const scratch s;
    s.file("file", "text");
    std::filesystem::create_directory(s.path("home"));
    s.file("home/thesis.tex", "years of work");
    for (const auto& name : {"file", "home"}) {
        const auto o = call({"run", "tensor_core", "lenet5", "--out", s.path(name), "--force"});
        EXPECT_EQ(o.status, 2);
        EXPECT_TRUE(contains(o.err, s.path(name))) << o.err;
    }
    EXPECT_EQ(read_file(s.path("home/thesis.tex")), "years of work");
    std::filesystem::create_directory(s.path("empty"));
    EXPECT_EQ(call({"run", "tensor_core", "lenet5", "--out", s.path("empty")}).status, 2);
    EXPECT_EQ(call({"run", "tensor_core", "lenet5", "--out", s.path("empty"), "--force"}).status, 0);
    EXPECT_EQ(call({"run", "tensor_core", "lenet5", "--force"}).status, 2) << "--force without --out";
    EXPECT_EQ(s.names(), (std::vector<std::string>{"empty", "file", "home"}));
}

TEST(folder, that_cannot_be_written_is_the_environment) {
    const scratch s;
    s.file("file", "text");
    std::vector<std::string> places{"/proc/cimtlm", "/dev/null/o", s.path("file/o"), s.path("file/deep/o")};
    if (::geteuid() != 0) { // nothing is read-only to root
        std::filesystem::create_directory(s.path("closed"));
        ::chmod(s.path("closed").c_str(), 0500);
        places.push_back(s.path("closed/o"));
    }
    for (const auto& place : places) {
        const auto o = call({"run", "tensor_core", "lenet5", "--out", place});
        EXPECT_EQ(o.status, 3) << place;
        EXPECT_TRUE(contains(o.err, place)) << o.err;
        EXPECT_EQ(o.out, "");
    }
}

TEST(folder, a_full_place_keeps_nothing) {
    const scratch s;
    setting full;
    full.file_size_limit = 2000; // stands for a full disk: writing more fails
    const auto o = call({"run", "tensor_core", "lenet5", "--out", s.path("o")}, full);
    EXPECT_EQ(o.status, 3) << o.err;
    EXPECT_TRUE(contains(o.err, s.path("o"))) << o.err;
    EXPECT_TRUE(s.names().empty());
}

TEST(folder, a_failed_run_keeps_what_was_there) {
    const scratch s;
    ASSERT_EQ(call({"run", "tensor_core", "lenet5", "--out", s.path("o")}).status, 0);
    const auto before = read_file(s.path("o/stats.json"));
    setting full;
    full.file_size_limit = 2000;
    EXPECT_EQ(call({"run", "tensor_core", "lenet5", "--out", s.path("o"), "--force"}, full).status, 3);
    EXPECT_EQ(read_file(s.path("o/stats.json")), before);
    // Wrong input leaves no trace either.
    EXPECT_EQ(call({"run", "tensor_core", "--gemm", "0,1,1", "--out", s.path("new")}).status, 2);
    EXPECT_EQ(
        call({"run", "tensor_core", "--gemm", "4,4,4", "--mapping", s.path("none"), "--out", s.path("new")}).status, 2);
    EXPECT_EQ(s.names(), std::vector<std::string>{"o"});
}
