// What the units share: who reaches what, how long it takes, whose bytes are counted where.
#include <platforms/builder/memory_system.h>

#include <cimtlm/base/error.h>
#include <cimtlm/modules/scratchpad.h>
#include <cimtlm/tlm/initiator_port.h>
#include <tests/modules/levels.h>
#include <tests/tlm/initiator.h>

#include <gtest/gtest.h>

#include <deque>

namespace cimtlm {
namespace {

using namespace levels;

/// Round numbers: a crossbar of 64 bytes a cycle and port, 6 cycles each way, before the levels of levels.h.
machine round_machine(bool with_cache, std::int64_t capacity_bytes = 64 * 1024) {
    machine m;
    m.name = "round";
    m.technology.clock_mhz = 1000;
    m.memories = {dram_level()};
    if (with_cache) m.memories.push_back(cache_level(capacity_bytes, 1024));
    m.memories.push_back(sram_level());
    m.bus = {0, 6, 0.5, bus_port_parameters{64, 64}};
    m.dispatcher = dispatcher_parameters{};
    return m;
}
constexpr std::int64_t there_and_back = 2 * 6 * 1000;

struct system_under_test {
    explicit system_under_test(const machine& m, unsigned initiators = 4)
        : memory(m, energy, initiators) {
        for (unsigned i = 0; i < initiators; ++i) {
            units.emplace_back(("unit_" + std::to_string(i)).c_str());
            memory.bind(i, units.back().out);
            ports.emplace_back(units.back().out, static_cast<int>(i));
        }
        sc_core::sc_start(sc_core::SC_ZERO_TIME);
    }
    transfer_result move(unsigned unit, std::uint64_t address, std::uint64_t bytes, bool write = false,
                         int operand = operand_none) {
        transfer_request r;
        r.command = write ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND;
        r.address = address;
        r.bytes = bytes;
        r.operand = operand;
        const transfer_result result = ports[unit].transfer(r, on_error::return_status);
        sc_core::sc_start(10, sc_core::SC_US);
        return result;
    }
    std::uint64_t in_partition(std::int64_t partition) const {
        std::uint64_t at = 0;
        while (memory.shared_cache()->model().locate(at).partition != partition) at += 1024;
        return at;
    }
    ledger energy;
    memory_system memory;
    std::deque<testkit::initiator<>> units;
    std::deque<initiator_port<>> ports;
};

TEST(MemorySystem, EveryOtherUnitStandsAtTheOtherPartition) {
    system_under_test s(round_machine(true));
    const std::int64_t line = 2000; // 128 bytes at 64 a cycle
    ASSERT_EQ(s.memory.partitions(), 2u);
    for (std::int64_t partition : {0, 1}) {
        const std::uint64_t address = s.in_partition(partition);
        s.move(0, address, 128);
        for (unsigned unit = 0; unit < 4; ++unit)
            EXPECT_EQ(s.move(unit, address, 128).delay_ps,
                      there_and_back + (unit % 2 == partition ? near_latency : far_latency) + line)
                << unit << " " << partition;
    }
}

TEST(MemorySystem, WithoutACacheTheDramIsBehindTheCrossbar) {
    system_under_test s(round_machine(false));
    EXPECT_EQ(s.memory.partitions(), 1u);
    EXPECT_EQ(s.memory.levels(), 1u);
    EXPECT_EQ(s.move(3, 0, 128).delay_ps, there_and_back + dram_path + rcd + cl + 2000);
    EXPECT_EQ(s.memory.traffic(0, operand_none).read, 128);
}

TEST(MemorySystem, BytesAreCountedByLevelOperandAndKindAndAddUpToTheEnergy) {
    system_under_test s(round_machine(true));
    s.move(0, 0, 4096, false, operand_a);
    s.move(1, 0, 4096, false, operand_a);
    s.move(2, 1 << 20, 2048, true, operand_z);
    for (std::uint64_t at = 4096; at < 512 * 1024; at += 4096) s.move(3, at, 4096, false, operand_b); // displaces all
    const auto a = s.memory.traffic(1, operand_a), b = s.memory.traffic(1, operand_b),
               z = s.memory.traffic(1, operand_z);
    EXPECT_EQ(a, (access_bytes{8192, 0, 4096}));
    EXPECT_EQ(b, (access_bytes{508 * 1024, 0, 508 * 1024}));
    EXPECT_EQ(z, (access_bytes{2048, 2048, 0})) << "written, then written back";
    EXPECT_EQ(s.memory.traffic(0, operand_a), (access_bytes{4096, 0, 0}));
    EXPECT_EQ(s.memory.traffic(0, operand_z), (access_bytes{0, 2048, 0}));
    double expected_pj = 0;
    const auto levels = round_machine(true).memories;
    for (std::size_t level = 0; level < s.memory.levels(); ++level)
        for (int operand = 0; operand < operand_tags; ++operand) {
            const access_bytes t = s.memory.traffic(level, operand);
            expected_pj += static_cast<double>(t.read) * levels[level].read_energy_pj_per_byte +
                           static_cast<double>(t.update) * levels[level].update_energy_pj_per_byte +
                           static_cast<double>(t.fill) * levels[level].fill_energy_pj_per_byte;
        }
    expected_pj += 0.5 * (8192 + 2048 + 508 * 1024);
    EXPECT_NEAR(s.energy.total_pj(), expected_pj, 1e-6 * expected_pj);
}

TEST(MemorySystem, MemoryEndsWhereTheDramDoes) {
    machine m = round_machine(true);
    m.memories[0].capacity_bytes = 1 << 20;
    system_under_test s(m);
    EXPECT_TRUE(s.move(0, (1 << 20) - 128, 128).ok());
    EXPECT_EQ(s.move(0, 1 << 20, 128).status, tlm::TLM_ADDRESS_ERROR_RESPONSE);
}

TEST(MemorySystem, WindowsLieBesideTheMemory) {
    const machine m = round_machine(true);
    ledger energy;
    memory_system memory(m, energy, 1, 1);
    testkit::initiator<> host("host");
    memory_level registers;
    registers.name = "registers";
    registers.capacity_bytes = 4096;
    scratchpad<64> window("registers", registers, 1000, energy);
    memory.bind(0, host.out);
    memory.map_window(0, window.in, memory_system::address_bytes, 4096);
    initiator_port<> port(host.out, 0);
    sc_core::sc_start(sc_core::SC_ZERO_TIME);
    transfer_request r;
    r.address = memory_system::address_bytes + 64;
    r.bytes = 4;
    EXPECT_EQ(port.transfer(r).delay_ps, there_and_back + 63) << "no time of its own, 4 bytes at 64 a cycle";
    EXPECT_EQ(window.bytes(transfer_kind::read), 4u);
}

TEST(MemorySystem, WrongUseIsRefused) {
    ledger energy;
    machine none = round_machine(false);
    none.memories.erase(none.memories.begin());
    EXPECT_THROW(memory_system(none, energy, 1), input_error);
    memory_system memory(round_machine(true), energy, 1);
    testkit::initiator<> unit("unit");
    EXPECT_THROW(memory.bind(1, unit.out), std::logic_error);
    EXPECT_THROW(memory.bind(0, unit.out, 2), std::logic_error);
}

} // namespace
} // namespace cimtlm
