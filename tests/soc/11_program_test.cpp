// The program: what it refuses, where its results go, how it ends.
#include "guest.h"

#include <csignal>

using namespace cimtlm::test;

namespace {

/// Ends with 2, nothing on standard output, and the message holds all of `parts`.
void refuse(const std::vector<std::string>& arguments, const std::vector<std::string>& parts) {
    const auto o = call_soc(arguments);
    std::string what;
    for (const auto& a : arguments) what += a + " ";
    EXPECT_EQ(o.status, 2) << what << "\n" << o.err;
    EXPECT_EQ(o.out, "") << what;
    EXPECT_EQ(o.err.rfind("cimtlm-soc: ", 0), 0u) << what << "\n" << o.err;
    EXPECT_EQ(lines(o.err).size(), 1u) << what << "\n" << o.err;
    EXPECT_FALSE(contains(o.err, "internal fault")) << o.err;
    for (const auto& part : parts) EXPECT_TRUE(contains(o.err, part)) << what << "\n" << part << "\n" << o.err;
}

void refuse_set(const std::string& key_and_value, const std::vector<std::string>& parts) {
    refuse({"run", "gemm", "--set", key_and_value}, parts);
}

const std::string endless = "1:  j 1b\n";

} // namespace

TEST(program, names_that_it_does_not_know) {
    NEEDS_GUESTS();
    refuse({"rnu", "gemm"}, {"command 'rnu'", "did you mean 'run'"});
    refuse({"run"}, {"firmware", "cimtlm-soc list firmware"});
    refuse({"run", "gem"}, {"firmware 'gem'", "did you mean 'gemm'", "errors"});
    refuse({"run", "gemm", "--soc", "riscw"}, {"'riscw'", "did you mean 'riscv'"});
    refuse({"run", "gemm", "--jsn"}, {"'--jsn'", "did you mean '--json'"});
    refuse({"run", "gemm", "m"}, {"'m'", "key=value"});
    refuse({"list", "firmwar"}, {"'firmwar'", "did you mean 'firmware'"});
    refuse({"list"}, {"socs"});
    refuse({"experiment", "couplin"}, {"'couplin'", "did you mean 'coupling'"});
    refuse_set("core.cont=3", {"'cont'", "did you mean 'count'"});
    refuse_set("cor.count=3", {"'cor'", "did you mean 'core'"});
    refuse_set("core.count", {"key=value"});
    refuse_set("cim.attachment=cor", {"'cor'", "did you mean 'core'", "io_bus"});
    refuse_set("cim.machine=cim_devic", {"'cim_devic'", "allowed: "});
    refuse_set("cim.machine=soc/cim_devic", {"'soc/cim_devic'", "does not exist"}); // a file
    refuse({"run", "gemm", "--device-set", "cim.macr=digital_6t"}, {"'macr'", "did you mean 'macro'"});
}

TEST(program, files_that_are_no_guests) {
    NEEDS_GUESTS();
    const scratch s;
    refuse({"run", s.path("none.elf")}, {"none.elf", "cannot be opened"});
    refuse({"run", s.file("empty.elf", "")}, {"empty.elf", "not an ELF file"});
    refuse({"run", s.file("text.elf", "firmware\n")}, {"text.elf", "not an ELF file"});
    refuse({"run", CIMTLM_SOC_PROGRAM}, {"cimtlm-soc", "not for RISC-V"});
    const guest g("    exit 0\n");
    const auto whole = read_file(g.path());
    refuse({"run", s.file("half.elf", whole.substr(0, whole.size() / 2))}, {"half.elf", "passes the end of the file"});
    refuse({"run", "/"}, {"/"});
    refuse({"run", g.path(), "--set", "ram.capacity_bytes=4 KiB"}, {"outside the memory"});
}

TEST(program, values_out_of_range) {
    NEEDS_GUESTS();
    for (const auto* value : {"0", "-1", "1025", "1.5", "x", ""})
        refuse_set(std::string("core.count=") + value, {"count"});
    for (const auto* value : {"0", "-1", "1e6", "nan", "inf"})
        refuse_set(std::string("core.clock_mhz=") + value, {"clock_mhz"});
    for (const auto* value : {"0", "-1", "1e7", "nan"})
        refuse_set(std::string("core.cycles_per_instruction=") + value, {"cycles_per_instruction"});
    for (const auto* value : {"-1", "2 s", "1 kg"}) refuse_set(std::string("core.quantum_ps=") + value, {"quantum_ps"});
    for (const auto* value : {"-1", "1e300"}) {
        refuse_set(std::string("peripherals.access_cycles=") + value, {"access_cycles"});
        refuse_set(std::string("bus.latency_cycles=") + value, {"bus.latency_cycles"});
        refuse_set(std::string("io_bus.latency_cycles=") + value, {"io_bus.latency_cycles"});
        refuse_set(std::string("core_port.latency_cycles=") + value, {"core_port.latency_cycles"});
        refuse_set(std::string("peripherals.tick_mhz=") + value, {"tick_mhz"});
    }
    refuse_set("peripherals.tick_mhz=1e-9", {"1 Hz"});
    refuse_set("peripherals.characters_per_s=0.5", {"characters"});
    for (const auto* value : {"0", "5000", "128 GiB"})
        refuse_set(std::string("ram.capacity_bytes=") + value, {"capacity_bytes"});
    refuse_set("cim.count=97", {"cim.count", "96"});
    refuse_set("core.instruction_energy_pj=-1", {"instruction_energy_pj"});
    refuse({"run", "gemm", "--set", "cim.count=3", "--set", "core.count=2", "--set", "cim.attachment=core"},
           {"cim.count is at most core.count"});
    for (const auto* value : {"0", "0ms", "-1us", "x", "", "1 parsec", "1e30 s"})
        refuse({"run", "gemm", "--max-time", value}, {"--max-time"});
}

TEST(program, time_limit) {
    NEEDS_GUESTS();
    const guest g(endless);
    for (const auto& [text, ps] :
         {std::pair{"7 us", 7e6}, {"7us", 7e6}, {"7000ns", 7e6}, {"0.007 ms", 7e6}, {"7000000", 7e6}}) {
        const auto r = run_guest(g, {"--max-time", text}, 124);
        EXPECT_EQ(r.results.at("outcome"), "time limit");
        EXPECT_EQ(r.results.at("exit_code"), 124);
        EXPECT_EQ(static_cast<double>(r.time_ps()), ps) << text;
        EXPECT_TRUE(contains(r.message(), "core0 is at pc 0x80000000 (_start)")) << r.message();
        EXPECT_EQ(r.child.err, "cimtlm-soc: time limit: " + r.message() + "\n");
    }
    // A guest that ends earlier knows nothing of it.
    EXPECT_EQ(run_guest(guest("    exit 3\n"), {"--max-time", "1 us"}, 3).results.at("outcome"), "exit");
}

TEST(program, exit_status_of_the_guest) {
    NEEDS_GUESTS();
    for (const int code : {0, 1, 2, 77, 255, 256}) {
        const guest g("    exit " + std::to_string(code) + "\n");
        const auto r = run_guest(g, {}, code & 255);
        EXPECT_EQ(r.results.at("exit_code"), code & 255);
        EXPECT_EQ(r.child.err, "");
        EXPECT_FALSE(r.has("message"));
    }
}

TEST(program, json_alone_on_standard_output) {
    NEEDS_GUESTS();
    const auto o = call_soc({"run", "gemm", "m=8", "n=8", "k=8", "--json"});
    EXPECT_EQ(o.status, 0);
    EXPECT_TRUE(boost::json::parse(o.out).is_object());
    EXPECT_TRUE(contains(o.err, "mismatches = 0\n")) << o.err; // the guest's text
    const auto plain = call_soc({"run", "gemm", "m=8", "n=8", "k=8"});
    EXPECT_EQ(plain.err, "");
    EXPECT_EQ(plain.out.rfind(o.err, 0), 0u) << plain.out; // the text, then the summary
    EXPECT_TRUE(contains(plain.out, "simulated time"));
}

TEST(program, folder_of_results) {
    NEEDS_GUESTS();
    const scratch s;
    const std::vector<std::string> run{"run",          "gemm",
                                       "m=8",          "n=8",
                                       "k=8",          "wait=poll",
                                       "--set",        "core.clock_mhz=800",
                                       "--device-set", "cim.macro=digital_8t",
                                       "--json"};
    const auto folder = s.path("out");
    const auto first = call_soc(run + std::vector<std::string>{"--out", folder});
    ASSERT_EQ(first.status, 0) << first.err;
    EXPECT_EQ(s.names(), std::vector<std::string>{"out"}); // nothing aside
    EXPECT_EQ(read_file(folder + "/stats.json"), first.out);
    EXPECT_TRUE(contains(read_file(folder + "/stats.txt"), "core0.instructions"));
    // What was run can be run again.
    auto stored = boost::json::parse(first.out).as_object();
    const auto again = run_guest("gemm", {"m=8", "n=8", "k=8", "wait=poll", "--soc", folder + "/soc.yaml", "--set",
                                          "cim.machine=" + folder + "/device.yaml"});
    for (const auto* key : {"time_ps", "instructions", "energy_pj", "statistics"})
        EXPECT_EQ(again.results.at(key), stored.at(key)) << key;
    // It is not replaced unasked, and a run that does not come to an end leaves nothing.
    refuse(run + std::vector<std::string>{"--out", folder}, {folder, "--force"});
    EXPECT_EQ(call_soc(run + std::vector<std::string>{"--out", folder, "--force"}).status, 0);
    refuse({"run", "gemm", "--set", "core.count=0", "--out", s.path("other")}, {"core.count"});
    setting stop;
    stop.program = CIMTLM_SOC_PROGRAM;
    stop.send = SIGINT;
    stop.when = [&] { return s.names().size() > 1; }; // it writes aside
    const auto stopped = call({"run", guest(endless).path(), "--out", s.path("other")}, stop);
    EXPECT_EQ(stopped.status, 130);
    EXPECT_EQ(s.names(), std::vector<std::string>{"out"});
    // A guest's mistake is a result.
    call_soc({"run", "faults", "--out", s.path("fault")});
    EXPECT_TRUE(contains(read_file(s.path("fault") + "/stats.json"), "mistake"));
}

TEST(program, lists_and_help) {
    NEEDS_GUESTS();
    EXPECT_TRUE(contains(call_soc({"list", "firmware"}).out, "gemm\n"));
    EXPECT_EQ(call_soc({"list", "socs"}).out, "riscv\n");
    for (const auto& arguments :
         {std::vector<std::string>{"--help"}, {"run", "--help"}, {"experiment", "--help"}, {"list", "--help"}}) {
        const auto o = call_soc(arguments);
        EXPECT_EQ(o.status, 0);
        EXPECT_EQ(o.err, "");
        EXPECT_TRUE(contains(o.out, "cimtlm-soc")) << o.out;
    }
}

// Where the device stands is what an access to a register of it takes.
TEST(program, attachment_of_devices) {
    NEEDS_GUESTS();
    const guest g("    li s1, CIM\n    lw t0, 0(s1)\n    exit 0\n");
    const auto access_ps = [&](const std::string& where, const std::vector<std::string>& more = {}) {
        return run_guest(g, sets({"cim.attachment=" + where}) + sets(more)).statistic("core0.access_ps");
    };
    const double at_core = access_ps("core"), at_bus = access_ps("bus"), behind = access_ps("io_bus");
    EXPECT_EQ(at_bus - at_core, 2 * 5000);       // the bus's latency both ways
    EXPECT_EQ(behind - at_bus, 2 * 50000 + 500); // 4 bytes take a cycle of the I/O bus, half of one of the bus
    EXPECT_EQ(access_ps("core", {"core_port.latency_cycles=3"}) - at_core, 2 * 3000);
    EXPECT_EQ(access_ps("bus", {"bus.latency_cycles=7"}) - at_bus, 2 * 2000);
    EXPECT_EQ(access_ps("io_bus", {"io_bus.latency_cycles=10"}) - behind, -2 * 40000);
    EXPECT_EQ(access_ps("core", {"bus.latency_cycles=70"}), at_core);
}

// A device at a core of its own is that core's alone.
TEST(program, device_of_another_core) {
    NEEDS_GUESTS();
    const guest g(R"(
    li t0, 1
    bne a0, t0, 2f
    li s1, CIM + 0x1000
    lw t0, 0(s1)
    li s1, CIM
fault:
    lw t0, 0(s1)
2:  j 2b
)");
    const auto r = run_guest(g, sets({"core.count=2", "cim.count=2", "cim.attachment=core"}), 125);
    EXPECT_TRUE(contains(r.message(), "core1: load of 4 B at 0x10100000")) << r.message();
    EXPECT_TRUE(contains(r.message(), "(fault)")) << r.message();
}
