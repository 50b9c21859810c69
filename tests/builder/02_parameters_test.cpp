// Does each parameter move the result in the predicted direction, by the predicted amount?
#include "run_in_child.h"

namespace cimtlm {
namespace {

double ratio(const child_results& a, const child_results& b) {
    EXPECT_STREQ(a.figures.fault, "");
    EXPECT_STREQ(b.figures.fault, "");
    return static_cast<double>(a.figures.time_ps) / static_cast<double>(b.figures.time_ps);
}

// One row of inputs: nothing but weights moves, 4 MiB from DRAM into the arrays.
const work_list weights_only = only(product(1, 1024, 4096));
constexpr double weight_bytes = 1024.0 * 4096;

TEST(Parameter, DramRefreshTakesItsShareOfTheTime) {
    const auto with = study_machine("smem_digital_6t_iso_area");
    const auto without = study_machine("smem_digital_6t_iso_area", {"dram.dram.t_refi_ps=0"});
    const auto& d = *with.memories[0].dram;
    const auto work = only(product(512, 1024, 1024)); // bound by DRAM
    const auto a = run_in_child(with, work), b = run_in_child(without, work);
    // A bus that is busy all the time is lengthened by 1 / (1 - tRFC/tREFI); this one is busy for 91 % of it.
    const double full = 1 / (1 - d.t_rfc_ps / d.t_refi_ps) - 1;
    const double busy = b.figures.busy[0] / static_cast<double>(b.figures.time_ps);
    EXPECT_GT(busy, 0.85);
    EXPECT_GT(ratio(a, b) - 1, 0.5 * full * busy);
    EXPECT_LT(ratio(a, b) - 1, 1.1 * full);
    EXPECT_GT(a.figures.stall_of(stall::refresh), 0);
    EXPECT_EQ(b.figures.stall_of(stall::refresh), 0);
}

TEST(Parameter, DramRowsOfOneBankCostTheRowCycle) {
    // With one bank and rows of 1 KiB each row takes tRAS + tRP = 60 ns instead of 32 ns of data.
    const auto m =
        study_machine("smem_digital_6t", {"dram.dram.banks=1", "dram.dram.row_bytes=1024", "dram.dram.t_refi_ps=0"});
    const auto& d = *m.memories[0].dram;
    const auto slow = run_in_child(m, weights_only);
    ASSERT_STREQ(slow.figures.fault, "");
    const double rows = weight_bytes / 1024;
    const double predicted_ps = rows * (d.t_ras_ps + d.t_rp_ps);
    EXPECT_GT(static_cast<double>(slow.figures.time_ps), predicted_ps);
    EXPECT_LT(static_cast<double>(slow.figures.time_ps), 1.35 * predicted_ps); // plus latency and step of each tile
    const auto fast = run_in_child(study_machine("smem_digital_6t", {"dram.dram.t_refi_ps=0"}), weights_only);
    EXPECT_LT(ratio(fast, slow), 0.8);
    EXPECT_GT(slow.figures.stall_of(stall::dram_row), 10 * fast.figures.stall_of(stall::dram_row));
}

TEST(Parameter, DoubleBufferingHidesTheShorterOfLoadAndCompute) {
    // Sixteen tiles over K, each with new inputs of 64 KiB in the shared memory: 2048 ns to load at 32 B/cycle, 9216 ns
    // to compute 1024 rows in 9 ns each. Partial sums stay in the shared memory.
    const temporary_mapping nest("dram K16 / smem M1024 / array K64 N4");
    const auto work = only(product(1024, 4, 1024));
    const std::vector<std::string> quiet{"dram.dram.t_refi_ps=0", "host.command_cycles=0", "cim.count=1"};
    auto sets = quiet;
    const auto with = run_in_child(study_machine("rf_analog_6t", sets), work, {{}, nest.path(), false});
    sets.push_back("dma.double_buffer=false");
    const auto without = run_in_child(study_machine("rf_analog_6t", sets), work, {{}, nest.path(), false});
    ASSERT_STREQ(with.figures.fault, "");
    ASSERT_STREQ(without.figures.fault, "");
    const double load_ps = 1024.0 * 64 / 32 * 1000,
                 gained = static_cast<double>(without.figures.time_ps - with.figures.time_ps);
    EXPECT_EQ(with.figures.tiles, 16);
    EXPECT_GT(gained, 0.9 * 15 * load_ps);
    // Hidden too: the first chunk of inputs, 16 KiB at 42 B/cycle, before the sums behind it on the same port; and
    // the latencies of inputs and weights, below 0.2 us each.
    EXPECT_LT(gained, 15 * (load_ps + 16384 / 42.0 * 1000 + 400e3));
    EXPECT_LT(static_cast<double>(with.figures.time_ps), 1.1 * 16 * 1024 * 9e3);
}

TEST(Parameter, WriteEnergyIsChargedForEveryByte) {
    const auto work = only(product(16, 512, 1024));
    const auto a = run_in_child(study_machine("rf_analog_6t"), work);
    const auto b = run_in_child(study_machine("rf_analog_6t", {"cim.macro.write_energy_pj_per_byte=11.9"}), work);
    EXPECT_NEAR(b.figures.energy_pj - a.figures.energy_pj, 512.0 * 1024 * 10, 1);
    EXPECT_EQ(a.figures.time_ps, b.figures.time_ps);
}

TEST(Parameter, WritePortOfTheArraysBindsWhenItIsNarrow) {
    // Four arrays of 0.5 B/cycle: 4 MiB take 4 MiB / 2 B cycles, against 4 MiB / 32 B over the DRAM's bus.
    const auto narrow = study_machine("smem_digital_6t", {"cim.macro.write_bytes_per_cycle=0.5"});
    const auto r = run_in_child(narrow, weights_only);
    ASSERT_STREQ(r.figures.fault, "");
    const double predicted_ps = weight_bytes / 2 * 1000;
    EXPECT_NEAR(static_cast<double>(r.figures.time_ps), predicted_ps, 0.1 * predicted_ps);
    EXPECT_STREQ(r.figures.bound_by, "compute"); // the engine cannot compute meanwhile
}

TEST(Parameter, PingPongWritesWhileItComputes) {
    // 18 ns a step: 16 KiB of weights take 512 ns on the bus, 28 rows compute in 504 ns.
    const auto work = only(product(28, 1024, 1024));
    const auto sets = std::vector<std::string>{"host.command_cycles=0", "dram.dram.t_refi_ps=0"};
    auto ping_pong = sets;
    ping_pong.push_back("cim.macro.ping_pong=true");
    const auto serial = run_in_child(study_machine("rf_digital_6t", sets), work);
    const auto overlapped = run_in_child(study_machine("rf_digital_6t", ping_pong), work);
    ASSERT_STREQ(serial.figures.fault, "");
    ASSERT_STREQ(overlapped.figures.fault, "");
    const double gained = static_cast<double>(serial.figures.time_ps - overlapped.figures.time_ps);
    const double hidden_ps = 28 * 18e3 * static_cast<double>(serial.figures.tiles);
    EXPECT_GT(gained, 0.7 * hidden_ps);
    EXPECT_LT(gained, 1.4 * hidden_ps);
}

TEST(Parameter, HostCostBindsWhenACommandTakesLongerThanATile) {
    // 64 tiles of 9.2 us; commands of 20 us. The last tile follows the last command.
    const auto r =
        run_in_child(study_machine("rf_digital_6t", {"host.command_cycles=20000"}), only(product(512, 1024, 1024)));
    ASSERT_STREQ(r.figures.fault, "");
    EXPECT_NEAR(static_cast<double>(r.figures.time_ps), 64 * 20e6 + 9.7e6, 0.02 * 64 * 20e6);
    EXPECT_GT(r.figures.stall_of(stall::host_issue), 0.4 * 64 * 20e6);
    // One command for the whole product costs that one.
    const auto once = run_in_child(study_machine("rf_digital_6t", {"host.command_cycles=20000", "host.issue=gemm"}),
                                   only(product(512, 1024, 1024)));
    const auto free = run_in_child(study_machine("rf_digital_6t", {"host.command_cycles=0", "host.issue=gemm"}),
                                   only(product(512, 1024, 1024)));
    EXPECT_NEAR(static_cast<double>(once.figures.time_ps - free.figures.time_ps), 20e6, 1e6);
    EXPECT_NEAR(once.counts.at("host.command"), 1, 0);
}

TEST(Parameter, WorkShorterThanItsCommandWaitsForTheHost) {
    vector_work relu;
    relu.name = "relu";
    relu.elements = relu.operations = 64; // one cycle
    relu.fusible = true;
    const auto r = run_in_child(study_machine("rf_digital_6t"), {work_item(relu)});
    EXPECT_EQ(r.figures.stall_of(stall::host_issue), r.figures.time_ps - r.figures.bound_ps);
    EXPECT_EQ(r.figures.bound_ps, 1000);
    EXPECT_GE(r.figures.time_ps, 100000 + 1000); // the command's 100 cycles
}

TEST(Parameter, CommandEnergyIsAFigureOfTheHost) {
    const auto r =
        run_in_child(study_machine("rf_digital_6t", {"host.command_energy_pj=7"}), only(product(512, 1024, 1024)));
    EXPECT_NEAR(r.energy_by_part.at("host"), 64 * 7, 1e-6);
}

TEST(Parameter, BusWidthBindsWhenItIsNarrow) {
    const auto work = only(product(512, 1024, 1024));
    const auto wide = run_in_child(study_machine("smem_digital_6t_iso_area"), work);
    const auto narrow = run_in_child(study_machine("smem_digital_6t_iso_area", {"bus.bytes_per_cycle=8"}), work);
    const auto narrower = run_in_child(study_machine("smem_digital_6t_iso_area", {"bus.bytes_per_cycle=4"}), work);
    const auto& traffic = narrow.figures.traffic[0];
    const double bytes = static_cast<double>(traffic[0].read + traffic[1].read + traffic[2].read);
    EXPECT_STREQ(narrow.figures.bound_by, "bus.read");
    EXPECT_NEAR(static_cast<double>(narrow.figures.time_ps), bytes / 8 * 1000, 0.12 * bytes / 8 * 1000);
    EXPECT_NEAR(ratio(narrower, narrow), 2, 0.06);
    EXPECT_GT(ratio(narrow, wide), 1.5);
}

TEST(Parameter, BusEnergyIsChargedForEveryByte) {
    const auto r = run_in_child(study_machine("smem_digital_6t", {"bus.energy_pj_per_byte=2"}), weights_only);
    const auto& dram = r.figures.traffic[0];
    double bytes = 0;
    for (const auto& t : dram) bytes += static_cast<double>(t.read + t.update);
    EXPECT_NEAR(r.energy_by_part.at("bus"), 2 * (bytes + 4 * r.counts.at("host.command")), 1);
}

TEST(Parameter, StaticPowerIsARowOverTheTime) {
    const auto r =
        run_in_child(study_machine("rf_digital_6t", {"static_power_mw=100"}), only(product(512, 1024, 1024)));
    EXPECT_NEAR(r.energy_by_part.at("static"), 0.1 * static_cast<double>(r.figures.time_ps),
                1e-6 * r.energy_by_part.at("static"));
}

TEST(Parameter, HalvingABandwidthNeverHelps) {
    const std::vector<std::pair<const char*, const char*>> halves{
        {"dram.read_bytes_per_cycle=16", "dram.write_bytes_per_cycle=16"},
        {"smem.read_bytes_per_cycle=21", "smem.write_bytes_per_cycle=21"},
        {"bus.bytes_per_cycle=32", "bus.latency_cycles=10"},
        {"vector_unit.operations_per_cycle=32", "bus.latency_cycles=10"}};
    for (const auto* name : {"tensor_core", "rf_analog_6t", "rf_digital_6t", "rf_digital_6t_iso_area"}) {
        const auto work = only(product(196, 512, 768));
        const auto tile = run_in_child(study_machine(name), work);
        const auto bound = run_in_child(study_machine(name), work, {}, fidelity::bound);
        for (const auto& [first, second] : halves) {
            SCOPED_TRACE(std::string(name) + " " + first);
            const auto m = study_machine(name, {first, second});
            EXPECT_GE(run_in_child(m, work, {}, fidelity::bound).figures.time_ps, bound.figures.time_ps);
            EXPECT_GE(ratio(run_in_child(m, work), tile), 0.99);
        }
    }
}

TEST(Parameter, MacEnergyBasisDoublesTheMacsOfCim) {
    const auto work = only(product(16, 64, 256));
    const auto operation = run_in_child(study_machine("rf_digital_6t"), work);
    const auto mac = run_in_child(study_machine("rf_digital_6t", {"cim.mac_energy_basis=mac"}), work);
    EXPECT_NEAR(operation.energy_by_part.at("mac"), 2 * mac.energy_by_part.at("mac"), 1e-6);
}

TEST(Parameter, AdditionsBetweenArraysAreCharged) {
    // K spread over four arrays: three additions for each of M x N results.
    const temporary_mapping nest("dram M8 / bank K4 / array K256 N16");
    const auto r = run_in_child(study_machine("smem_digital_6t"), only(product(8, 16, 1024)), {{}, nest.path(), false});
    ASSERT_STREQ(r.figures.fault, "");
    EXPECT_NEAR(r.counts.at("addition.banks"), 8 * 16 * 3, 0);
    EXPECT_NEAR(r.energy_by_part.at("addition"), 8 * 16 * 3 * 0.05, 1e-9);
}

TEST(Parameter, FusedElementWiseWorkMovesNothing) {
    vector_work relu;
    relu.name = "relu";
    relu.elements = relu.operations = relu.read_bytes = relu.write_bytes = 100000;
    relu.fusible = true;
    const work_list work{work_item(relu)};
    const auto fused = run_in_child(study_machine("rf_digital_6t"), work);
    const auto apart = run_in_child(study_machine("rf_digital_6t", {"vector_unit.fused=false"}), work);
    EXPECT_EQ(fused.energy_by_part.at("dram"), 0);
    EXPECT_NEAR(apart.energy_by_part.at("dram"), 200000 * 64, 1e-6);
    EXPECT_GT(ratio(apart, fused), 200000.0 / 32 / (100000.0 / 64 + 300)); // bytes over the DRAM against operations
}

} // namespace
} // namespace cimtlm
