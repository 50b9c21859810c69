/// Any bytes as a machine's file: either a machine that survives the way to text and back, or input_error.
#include <cimtlm/base/error.h>
#include <platforms/config/config.h>

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    try {
        const auto machine = cimtlm::parse_machine(text, cimtlm::data_root() + "/platforms/study/fuzzed.yaml");
        // What the other floors ask first: counts and sizes must not overflow on a machine that was let in.
        machine.value.peak_macs_per_ps();
        machine.value.area_um2();
        machine.value.matrix_engine()->capacity_bytes();
        const auto yaml = cimtlm::to_yaml(machine);
        if (cimtlm::to_yaml(cimtlm::parse_machine(yaml, machine.file)) != yaml) std::abort();
    } catch (const cimtlm::input_error&) {
    }
    return 0;
}
