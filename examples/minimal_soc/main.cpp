// The smallest system around a CiM macro: a host, the library's bus, the macro; one product of a vector and a matrix.
#include <cim_registers.h>
#include <cimtlm/base/error.h>
#include <cimtlm/modules/bus.h>
#include <cimtlm/modules/crossbar_macro.h>
#include <cimtlm/tlm/initiator_port.h>

#include <cstdio>
#include <cstdlib>

constexpr std::uint64_t macro_base = 0x40000000;
constexpr int rows = 256, columns = 16;

struct host : sc_core::sc_module {
    tlm_utils::simple_initiator_socket<host, 64> mem{"mem"};
    cimtlm::initiator_port<64> port{mem};
    SC_HAS_PROCESS(host);
    explicit host(const sc_core::sc_module_name& name)
        : sc_module(name) {
        SC_THREAD(run);
    }
    void move(tlm::tlm_command command, std::uint64_t offset, void* data, std::uint64_t bytes) {
        cimtlm::transfer_request r{command, macro_base + offset, bytes};
        r.data = static_cast<unsigned char*>(data);
        wait(static_cast<double>(port.transfer(r).delay_ps), sc_core::SC_PS); // an error response ends the simulation
    }
    void set(std::uint64_t offset, std::uint32_t value) { move(tlm::TLM_WRITE_COMMAND, offset, &value, 4); }
    std::uint32_t get(std::uint64_t offset) {
        std::uint32_t value = 0;
        move(tlm::TLM_READ_COMMAND, offset, &value, 4);
        return value;
    }
    void run() {
        std::int8_t weights[rows][columns], inputs[rows];
        std::int32_t outputs[columns], wrong = 0;
        for (int r = 0; r < rows; ++r) {
            inputs[r] = static_cast<std::int8_t>(r % 7 - 3);
            for (int c = 0; c < columns; ++c) weights[r][c] = static_cast<std::int8_t>((r * 5 + c) % 11 - 5);
        }
        const auto first = get(CIM_MACRO_WEIGHT_OFFSET), stride = get(CIM_MACRO_WEIGHT_STRIDE);
        for (unsigned r = 0; r < rows; ++r) move(tlm::TLM_WRITE_COMMAND, first + r * stride, weights[r], columns);
        move(tlm::TLM_WRITE_COMMAND, get(CIM_MACRO_INPUT_OFFSET), inputs, sizeof inputs);
        const auto loaded = sc_core::sc_time_stamp();
        set(CIM_MACRO_CONTROL, CIM_MACRO_CONTROL_START);
        while (get(CIM_MACRO_STATUS) & CIM_MACRO_STATUS_BUSY) {
        } // each look takes its time on the bus
        const auto done = sc_core::sc_time_stamp();
        move(tlm::TLM_READ_COMMAND, get(CIM_MACRO_OUTPUT_OFFSET), outputs, sizeof outputs);
        for (int c = 0; c < columns; ++c) {
            std::printf("%d ", outputs[c]);
            for (int r = 0; r < rows; ++r) outputs[c] -= inputs[r] * weights[r][c];
            wrong += outputs[c] != 0;
        }
        std::printf("\noutputs %s, error code %u\n", wrong ? "wrong" : "right", get(CIM_MACRO_ERROR_CODE));
        std::printf("loaded in %.0f ns, computed in %.0f ns\n", loaded.to_seconds() * 1e9,
                    (done - loaded).to_seconds() * 1e9);
    }
};

int sc_main(int argc, char** argv) try { // minimal_soc [CYCLE_PS]
    const double cycle_ps = argc > 1 ? std::atof(argv[1]) : 1000;
    // Rows, columns, bits, step of 18 ns, pJ: platforms/parts/macros/digital_6t.yaml says where they come from.
    const cimtlm::published_macro_parameters digital_6t{"digital_6t", rows, columns, 1, 1, 8, 8,
                                                        18e3,         0.34, 3.2,     1, 32};
    cimtlm::ledger energy;
    host cpu("cpu");
    cimtlm::bus<64> bus("bus", {8, 2, 0.1}, cycle_ps, energy, 1, 1); // 8 B and 2 cycles, 0.1 pJ a byte
    cimtlm::crossbar_macro<64> macro("macro", digital_6t, cycle_ps, energy);
    cpu.mem.bind(bus.in[0]);
    bus.out[0].bind(macro.in);
    bus.map(macro_base, macro.size_bytes(), 0);
    sc_core::sc_start();
    for (const auto& [part, pj] : energy.by_part()) std::printf("%s %.1f pJ\n", part.c_str(), pj);
    std::printf("energy %.1f pJ\n", energy.total_pj());
    return 0;
} catch (const cimtlm::input_error& error) { // a configuration that makes no sense
    std::fprintf(stderr, "minimal_soc: %s\n", error.what());
    return 2;
}
