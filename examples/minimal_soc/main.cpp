// An initiator, the library's bus and a memory: the smallest virtual platform around cimtlm.
#include <cimtlm/base/error.h>
#include <cimtlm/base/ledger.h>
#include <cimtlm/modules/bus.h>
#include <cimtlm/modules/scratchpad.h>
#include <cimtlm/tlm/initiator_port.h>

#include <cstdio>

namespace {

constexpr double cycle_ps = 1000; // 1 GHz
constexpr std::uint64_t memory_base = 0x4000'0000;

/// The host: writes a block and reads it back.
class host : public sc_core::sc_module {
public:
    tlm_utils::simple_initiator_socket<host, 64> mem{"mem"};
    bool right = false;

    SC_HAS_PROCESS(host);
    explicit host(const sc_core::sc_module_name& name)
        : sc_module(name) {
        SC_THREAD(run);
    }

private:
    void run() {
        unsigned char out[256], in[256] = {};
        for (int i = 0; i < 256; ++i) out[i] = static_cast<unsigned char>(i * 7);
        move(tlm::TLM_WRITE_COMMAND, out, sizeof out);
        move(tlm::TLM_READ_COMMAND, in, sizeof in);
        right = std::equal(out, out + 256, in);
    }

    void move(tlm::tlm_command command, unsigned char* data, std::uint64_t bytes) {
        const auto done = port_.transfer({command, memory_base, bytes, cimtlm::operand_none,
                                          cimtlm::transfer_kind::unspecified, 0, 0, data});
        wait(sc_core::sc_time(static_cast<double>(done.delay_ps), sc_core::SC_PS));
    }

    cimtlm::initiator_port<64> port_{mem};
};

} // namespace

int sc_main(int, char**) try {
    cimtlm::ledger energy;
    cimtlm::memory_level level;
    level.name = "smem";
    level.capacity_bytes = 65536;
    level.read_bytes_per_cycle = level.write_bytes_per_cycle = 32;
    level.read_energy_pj_per_byte = level.update_energy_pj_per_byte = level.fill_energy_pj_per_byte = 0.5;

    host cpu("cpu");
    cimtlm::bus_parameters parameters;
    parameters.bytes_per_cycle = 16;
    parameters.latency_cycles = 2;
    parameters.energy_pj_per_byte = 0.1;
    cimtlm::bus<64> interconnect("bus", parameters, cycle_ps, energy, 1, 1);
    cimtlm::scratchpad<64> smem("smem", level, cycle_ps, energy, true);
    cpu.mem.bind(interconnect.in[0]);
    interconnect.out[0].bind(smem.in);
    interconnect.map(memory_base, 65536, 0);

    sc_core::sc_start();
    std::printf("result %s\ntime %.0f ns\nenergy %.1f pJ\n", cpu.right ? "right" : "wrong",
                sc_core::sc_time_stamp().to_seconds() * 1e9, energy.total_pj());

    interconnect.map(memory_base, 16, 0); // a wrong configuration is an exception
    return 1;
} catch (const cimtlm::input_error& error) {
    std::printf("refused: %s\n", error.what());
    return 0;
}
