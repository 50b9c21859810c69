// What is wrong is told with its place and what is allowed, with status 2 and nothing on standard output.
#include "child.h"

#include <gtest/gtest.h>

using namespace cimtlm::test;

namespace {

/// Ends with 2, and the message holds all of `parts`.
void refuse(const std::vector<std::string>& arguments, const std::vector<std::string>& parts) {
    const auto o = call(arguments);
    std::string what;
    for (const auto& a : arguments) what += a + " ";
    EXPECT_EQ(o.status, 2) << what << "\n" << o.err;
    EXPECT_EQ(o.out, "") << what;
    EXPECT_EQ(o.err.rfind("cimtlm: ", 0), 0u) << what << "\n" << o.err;
    EXPECT_FALSE(contains(o.err, "internal fault")) << o.err;
    for (const auto& part : parts) EXPECT_TRUE(contains(o.err, part)) << what << "\n" << part << "\n" << o.err;
}

std::string junk() {
    std::string bytes;
    for (unsigned i = 0, state = 1; i < 4096; ++i) {
        state = state * 1664525u + 1013904223u;
        bytes += static_cast<char>(state >> 24);
    }
    return bytes;
}

/// A machine of the study in a file, with a line replaced.
std::string machine_text(const std::string& from, const std::string& to) {
    auto text = call({"show", "rf_digital_6t", "--yaml"}).out;
    const auto place = text.find(from);
    EXPECT_NE(place, std::string::npos) << from;
    if (place != std::string::npos) text.replace(place, from.size(), to);
    return text;
}

} // namespace

TEST(bad_input, commands_and_names) {
    refuse({"rnu", "tensor_core", "lenet5"},
           {"command 'rnu'", "did you mean 'run'", "compare, list, macro, probe, run, show, validate"});
    refuse({"run", "tensor_cor", "lenet5"}, {"machine 'tensor_cor'", "did you mean 'tensor_core'", "rf_digital_6t"});
    refuse({"run", "tensor_core", "lenet"}, {"trace 'lenet'", "did you mean 'lenet5'", "bert_large"});
    refuse({"compare", "tensor_core", "rf_digital_6", "--trace", "lenet5"}, {"did you mean 'rf_digital_6t'"});
    refuse({"show", "tensor-core"}, {"did you mean 'tensor_core'"});
    refuse({"list", "machine"}, {"did you mean 'machines'", "machines, macros, traces"});
    for (const auto& nothing : {"list", "run", "show", "compare"}) refuse({nothing}, {nothing});
    const auto o = call({});
    EXPECT_EQ(o.status, 2);
    EXPECT_EQ(o.out, "");
    EXPECT_TRUE(contains(o.err, "cimtlm run MACHINE TRACE|--gemm M,N,K")) << o.err;
}

TEST(bad_input, options) {
    const auto with = [](std::vector<std::string> more) {
        more.insert(more.begin(), {"run", "tensor_core", "--gemm", "4,4,4"});
        return more;
    };
    refuse(with({"--fidelty", "bound"}), {"--fidelty", "did you mean '--fidelity'", "--mapper"});
    refuse(with({"--fidelity", "bond"}), {"--fidelity", "'bond'", "did you mean 'bound'", "allowed: bound, tile"});
    refuse(with({"--fidelity", "cycle"}), {"cycle", "allowed: bound, tile"});
    refuse(with({"--mapper", "serach"}), {"--mapper", "did you mean 'search'", "rules, search"});
    refuse(with({"--convention", "paper"}), {"--convention", "like-for-like, published"});
    refuse(with({"--padding", "smae"}), {"--padding", "did you mean 'same'", "none, same, overhang"});
    refuse(with({"--convention", "published", "--fidelity", "tile"}), {"--convention published", "--fidelity bound"});
    refuse(with({"--steady", "--cold"}), {"--steady", "--cold"});
    refuse(with({"lenet5"}), {"--gemm", "trace"});
    refuse(with({"--out"}), {"--out", "--help"});
    refuse(with({"--out", ""}), {"--out"});
    refuse(with({"--json=yes"}), {"--json"});
    refuse(with({"--fidelity", "tile", "--fidelity", "tile"}), {"--fidelity"});
    refuse({"run", "tensor_core"}, {"--gemm M,N,K"});
    refuse({"run", "tensor_core", "lenet5", "dlrm"}, {"too many arguments"});
    refuse({"compare", "tensor_core", "--trace", "lenet5", "--format", "tabel"},
           {"--format", "did you mean 'table'", "table, csv, json, markdown"});
    for (const auto& jobs : {"0", "-1", "x", "1.5", "", "9999999999999999999999"})
        refuse({"compare", "tensor_core", "--trace", "lenet5", "--jobs", jobs}, {"--jobs", "whole number from 1"});
    // Options are told in full: a later option must not change what a script means.
    refuse(with({"--fidel", "bound"}), {"'--fidel'", "--fidelity"});
}

TEST(bad_input, dimensions) {
    const std::string allowed = "whole number from 1 to 2147483647";
    for (const std::string value :
         {"0", "-1", "-0", "1099511627776", "99999999999999999999999", "1e3", "1.5", "x", "0x10", "", " ", "1 2"}) {
        refuse({"run", "tensor_core", "--gemm", value + ",4,4"}, {"--gemm", "M", allowed});
        refuse({"run", "tensor_core", "--gemm", "4," + value + ",4"}, {"--gemm", "N", allowed});
        refuse({"run", "tensor_core", "--gemm", "4,4," + value}, {"--gemm", "K", allowed});
    }
    for (const auto& value : {"4", "4,4", "4,4,4,4", "4;4;4", "4x4x4"})
        refuse({"run", "tensor_core", "--gemm", value}, {"--gemm", "M,N,K"});
    // Each is allowed, their product is not.
    refuse({"run", "tensor_core", "--gemm", "2147483647,2147483647,2147483647"}, {"--gemm", "2^62"});
    // Nor is a time that the picoseconds of a run cannot hold.
    refuse({"run", "rf_digital_8t", "--gemm", "524288,1048576,1048576", "--fidelity", "bound"}, {"simulated time"});
}

TEST(bad_input, files_that_are_no_traces) {
    const scratch s;
    const auto trace = [](const std::string& file, const std::vector<std::string>& parts) {
        refuse({"run", "tensor_core", file}, parts);
        refuse({"compare", "tensor_core", "--trace", file}, parts);
    };
    trace(s.path("missing.csv"), {s.path("missing.csv"), "does not exist"});
    trace(s.file("empty.csv", ""), {"empty.csv", "empty"});
    trace(s.file("blank.csv", "\n\n , \n"), {"blank.csv"});
    std::filesystem::create_directory(s.path("folder.csv"));
    trace(s.path("folder.csv"), {"folder.csv", "directory"});
    trace(s.file("junk.csv", junk()), {"junk.csv:1", "UTF-8"});
    trace(s.file("header.csv", "name,kind,M,N,K\n"), {"header.csv"});
    trace(s.file("short.csv", "name,kind,M,N,K\nfc,linear,4,4\n"), {"short.csv:2", "'K'"});
    trace(s.file("long.csv", "name,kind,M,N,K\nfc,linear,4,4,4,4\n"), {"long.csv:2"});
    trace(s.file("twice.csv", "name,kind,M,N,K\nfc,linear,4,4,4\nfc,linear,4,4,4\n"), {"twice.csv:3", "'fc'"});
    trace(s.file("twice2.csv", "name,kind,M,M,N,K\nfc,linear,4,4,4,4\n"), {"twice2.csv:1", "'M'"});
    trace(s.file("column.csv", "name,kind,M,N,K,bathc\nfc,linear,4,4,4,1\n"),
          {"column.csv:1", "'bathc'", "did you mean 'batch'"});
    trace(s.file("kind.csv", "name,kind,M,N,K\nfc,liner,4,4,4\n"), {"kind.csv:2", "'kind'", "did you mean 'linear'"});
    for (const std::string value : {"0", "-4", "1099511627776", "four", "4.0", "4 KiB"})
        trace(s.file("value.csv", "name,kind,M,N,K\nok,linear,4,4,4\nfc,linear,4," + value + ",4\n"),
              {"value.csv:3", "'N'", "'" + value + "'", "whole number from 1 to 2147483647"});
    trace(s.file("product.csv", "name,kind,M,N,K\nfc,linear,2147483647,2147483647,2147483647\n"),
          {"product.csv:2", "2^62"});
    std::string sum = "name,kind,M,N,K,repeat\n";
    for (int i = 0; i < 40; ++i) sum += "fc" + std::to_string(i) + ",linear,65536,65536,65536,2000\n";
    trace(s.file("sum.csv", sum), {"sum", "2^62"});
}

TEST(bad_input, files_that_are_no_machines) {
    const scratch s;
    const auto machine = [](const std::string& file, const std::vector<std::string>& parts) {
        refuse({"run", file, "lenet5"}, parts);
        refuse({"show", file}, parts);
        refuse({"compare", "tensor_core", file, "--trace", "lenet5"}, parts);
    };
    machine(s.path("missing.yaml"), {s.path("missing.yaml"), "does not exist"});
    machine(s.file("empty.yaml", ""), {"empty.yaml", "empty"});
    std::filesystem::create_directory(s.path("folder.yaml"));
    machine(s.path("folder.yaml"), {"folder.yaml", "directory"});
    machine(s.file("junk.yaml", junk()), {"junk.yaml:1"});
    machine(s.file("list.yaml", "- a\n- b\n"), {"list.yaml:1"});
    machine(s.file("open.yaml", "description: \"open\nbus: {"), {"open.yaml:"});
    machine(s.file("typo.yaml", machine_text("dma:", "dmaa:")), {"typo.yaml:", "'dmaa'", "did you mean 'dma'"});
    machine(s.file("twice.yaml", machine_text("dma:", "static_power_mw: 1\ndma:")),
            {"twice.yaml:", "'static_power_mw'"});
    machine(s.file("type.yaml", machine_text("double_buffer: {value: true", "double_buffer: {value: 7")),
            {"type.yaml:", "double_buffer", "'7'", "true"});
    machine(s.file("list2.yaml", machine_text("double_buffer: {value: true", "double_buffer: {value: [1, 2]")),
            {"list2.yaml:", "double_buffer"});
}

TEST(bad_input, keys_on_the_command_line) {
    const auto set = [](const std::string& text, std::vector<std::string> parts) {
        parts.push_back("--set " + text);
        refuse({"run", "rf_digital_6t", "lenet5", "--set", text}, parts);
        refuse({"show", "rf_digital_6t", "--set", text}, parts);
    };
    set("smem", {"key=value"});
    set("=4", {});
    set("smem.capacity_bits=4", {"'capacity_bits'", "did you mean 'capacity_bytes'", "allowed:"});
    set("smen.capacity_bytes=4", {"'smen'", "smem"});
    set("smem.capacity_bytes=", {"capacity_bytes"});
    set("smem.capacity_bytes=lots", {"capacity_bytes", "number", "'lots'"});
    set("smem.capacity_bytes=4parsec", {"capacity_bytes", "'parsec'", "KiB"});
    set("smem.capacity_bytes=4ns", {"capacity_bytes", "'ns'", "KiB"});
    set("smem.capacity_bytes=-4", {"capacity_bytes", "-4"});
    set("smem.capacity_bytes=1e400", {"capacity_bytes"});
    set("smem.capacity_bytes=nan", {"capacity_bytes"});
    set("dram.read_bytes_per_cycle=-1", {"read_bytes_per_cycle"});
    set("cim.count=0", {"count"});
    set("cim.count=1099511627776", {"count"});
    set("cim.count=2.5", {"count"});
    set("cim.macro=digital_6", {"did you mean 'digital_6t'"});
    set("cim.mac_energy_basis=macs", {"mac_energy_basis", "'macs'", "operation"});
    set("mapper.kind=rule", {"'rule'", "did you mean 'rules'", "search"});
}

TEST(bad_input, a_machine_without_an_engine) {
    const scratch s;
    const auto file = s.file("bare.yaml", "description: \"memory alone\"\ntechnology: study_45nm\nmemories:\n"
                                          "  dram: lpddr4\nvector_unit: sm_vector_unit\nbus: system_bus\n"
                                          "dma: block_dma\nhost: host_cpu\nmapper: study_mapper\nstatic_power_mw: 0\n");
    refuse({"run", file, "lenet5"}, {"bare.yaml", "cim", "tensor_core"});
    refuse({"show", file}, {"bare.yaml", "cim", "tensor_core"});
}

TEST(bad_input, mappings) {
    const scratch s;
    const auto mapping = [](const std::string& file, const std::vector<std::string>& parts) {
        refuse({"run", "tensor_core", "--gemm", "512,1024,1024", "--mapping", file}, parts);
    };
    mapping(s.path("missing"), {s.path("missing")});
    mapping(s.path(""), {"directory"});
    mapping(s.file("empty", ""), {"empty", "no loop nest"});
    mapping(s.file("junk", junk()), {"junk:"});
    mapping(s.file("other", "4,4,4: dram N4 / smem M4 / rf K4 / pe N1 / latch N1\n"), {"512,1024,1024"});
    mapping(s.file("level", "dram N8 M4 / smme M32 K16 / sub_partition M4 / rf K4 / pe N16 K16 / latch N8\n"),
            {"level", "'smme'", "smem"});
    mapping(s.file("factor", "dram N8 M0 / smem M32 K16 / sub_partition M4 / rf K4 / pe N16 K16 / latch N8\n"),
            {"factor", "M0"});
    mapping(s.file("dimension", "dram N8 Q4 / smem M32 K16 / sub_partition M4 / rf K4 / pe N16 K16 / latch N8\n"),
            {"dimension", "Q4"});
    mapping(s.file("short", "dram N8 M4 / smem M32\n"), {"short"});
    // A nest that cannot exist: which level, and how much is missing.
    mapping(s.file("big", "dram N8 / smem M128 K16 / sub_partition M4 / rf K4 / pe N16 K16 / latch N8\n"),
            {"smem", "262144"});
}
