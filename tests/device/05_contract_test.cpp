/// The contracts of targets and initiators, applied to the device: control window, both memories behind the data
/// window, DMA; 32 and 64 bits wide, at address 0 and at absolute addresses.
#include "device_bench.h"

#include <sstream>

#include <tests/tlm/contract.h>
#include <tests/tlm/initiator_contract.h>

namespace {
using namespace device_test;

enum class part { control, activations, weights };

machine small_device() {
    auto m = with_device(study::in_smem("digital_6t", 2));
    m.device->activation_memory->capacity_bytes = 3 * 4096;
    m.device->activation_memory->read_bytes_per_cycle = m.device->activation_memory->write_bytes_per_cycle = 8;
    return m;
}

template <unsigned W, std::uint64_t Base, part Part> struct device_target {
    static constexpr unsigned width = W;
    device_target() {
        other.out.bind(socket_of(Part == part::control ? part::weights : part::control));
        device.dma_out().bind(memory.in);
    }
    contract::traits traits() const {
        if (Part == part::control) return {Base, CIM_WINDOW_BYTES, Base + CIM_SCRATCH, 4, false, true, false, 1000};
        const std::uint64_t weight_offset = 3 * 4096;
        const auto size = weight_offset + static_cast<std::uint64_t>(2 * m.matrix_engine()->capacity_bytes());
        contract::traits t{Base, size, Base + (Part == part::weights ? weight_offset : 0), W / 8, true, true,
                           true, 1000};
        return t;
    }
    tlm::tlm_target_socket<W>& socket() { return socket_of(Part); }
    std::string fingerprint() const {
        statistics s;
        device.report(s);
        std::ostringstream text;
        for (const auto& e : s.entries()) text << e.name << ' ' << e.value << '\n';
        text << device.energy().total_pj() << device.idle();
        return text.str();
    }

    machine m = small_device();
    cim_device<W> device{"device", m, options()};
    testkit::initiator<W> other{"other"};
    ledger energy;
    scratchpad<W> memory{"memory", device_bench<W>::sized({}), 1000, energy};

private:
    static cim_device_options options() {
        cim_device_options o;
        (Part == part::control ? o.control_address : o.window_address) = Base;
        return o;
    }
    tlm::tlm_target_socket<W>& socket_of(part p) {
        if (p == part::control) return device.ctrl();
        return device.window();
    }
};

template <unsigned W, dma_split Split, dma_transport Transport> struct device_dma {
    static constexpr unsigned width = W;
    device_dma() {
        to_control.out.bind(device.ctrl());
        to_window.out.bind(device.window());
    }
    contract::initiator_traits traits() const {
        contract::initiator_traits t;
        t.on_refusal = contract::initiator_traits::refusal::told;
        t.at_kernel_time = Transport == dma_transport::non_blocking;
        t.aligned_pow2 = Split == dma_split::aligned_pow2;
        t.incomplete_is_served = true;
        t.least_transfers = 20;
        return t;
    }
    tlm::tlm_initiator_socket<W>& socket() { return device.dma_out(); }
    bool finished() const { return submitted && device.idle(); }
    std::string errors() const {
        statistics s;
        device.report(s);
        for (const auto& e : s.entries())
            if (e.name == "device.error" && e.value != 0) return "error " + std::to_string(e.value);
        return "";
    }

    void write(std::uint32_t offset, std::uint32_t value) {
        std::vector<unsigned char> word(4);
        std::memcpy(word.data(), &value, 4);
        to_control.access(tlm::TLM_WRITE_COMMAND, offset, word);
    }
    void submit() {
        const auto command = [&](std::initializer_list<std::pair<std::uint32_t, std::uint32_t>> words) {
            for (std::uint32_t w = 0; w < CIM_DESCRIPTOR_WORDS; ++w) write(CIM_DESCRIPTOR + 4 * w, 0);
            for (const auto& [word, value] : words) write(CIM_DESCRIPTOR + 4 * word, value);
            write(CIM_SUBMIT, 1);
        };
        command({{CIM_WORD_COMMAND, CIM_COMMAND_MODE}, {CIM_WORD_MODE, CIM_MODE_COMPUTE}});
        command({{CIM_WORD_COMMAND, CIM_COMMAND_LOAD_WEIGHTS},
                 {CIM_WORD_PRECISION, 8 << 8},
                 {CIM_WORD_N, 9},
                 {CIM_WORD_K, 11},
                 {CIM_WORD_B_LO, 0x2003},
                 {CIM_WORD_B_STRIDE, 21}});
        command({{CIM_WORD_COMMAND, CIM_COMMAND_GEMM},
                 {CIM_WORD_PRECISION, 8 | 8 << 8 | 32 << 16},
                 {CIM_WORD_M, 7},
                 {CIM_WORD_N, 33},
                 {CIM_WORD_K, 50},
                 {CIM_WORD_A_LO, 0x1001},
                 {CIM_WORD_A_STRIDE, 53},
                 {CIM_WORD_B_LO, 0x2003},
                 {CIM_WORD_B_STRIDE, 40},
                 {CIM_WORD_Z_LO, 0x4004},
                 {CIM_WORD_Z_STRIDE, 140}});
        submitted = true;
    }

    machine m = [] {
        auto machine = small_device();
        machine.device->dma.split = Split;
        machine.device->dma.transport = Transport;
        return machine;
    }();
    cim_device<W> device{"device", m};
    testkit::initiator<W> to_control{"to_control"}, to_window{"to_window"};
    bool submitted = false;
    testkit::process starter{"starter", [this] { submit(); }, true};
};

using control_32 = device_target<32, 0, part::control>;
using control_64 = device_target<64, 0x40000000, part::control>;
using activations_32 = device_target<32, 0x50000000, part::activations>;
using activations_64 = device_target<64, 0, part::activations>;
using weights_32 = device_target<32, 0, part::weights>;
using weights_64 = device_target<64, 0x5000000000, part::weights>;
using dma_32_pow2 = device_dma<32, dma_split::aligned_pow2, dma_transport::blocking>;
using dma_64_pow2_non_blocking = device_dma<64, dma_split::aligned_pow2, dma_transport::non_blocking>;
using dma_64_row = device_dma<64, dma_split::row, dma_transport::blocking>;
using dma_32_row_non_blocking = device_dma<32, dma_split::row, dma_transport::non_blocking>;

} // namespace

CIMTLM_TARGET_CONTRACT(control_32);
CIMTLM_TARGET_CONTRACT(control_64);
CIMTLM_TARGET_CONTRACT(activations_32);
CIMTLM_TARGET_CONTRACT(activations_64);
CIMTLM_TARGET_CONTRACT(weights_32);
CIMTLM_TARGET_CONTRACT(weights_64);
CIMTLM_INITIATOR_CONTRACT(dma_32_pow2);
CIMTLM_INITIATOR_CONTRACT(dma_64_pow2_non_blocking);
CIMTLM_INITIATOR_CONTRACT(dma_64_row);
CIMTLM_INITIATOR_CONTRACT(dma_32_row_non_blocking);
