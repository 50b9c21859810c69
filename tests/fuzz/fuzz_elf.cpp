/// libFuzzer: whatever the bytes of an executable are, it is read, and everything in it is there, or an input_error.
#include <cimtlm/base/error.h>
#include <platforms/riscv_soc/elf_file.h>

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    try {
        const cimtlm::elf_file guest({data, data + size}, "fuzz.elf");
        std::uint64_t free = 0, sum = 0;
        for (const auto& s : guest.segments()) {
            if (s.address < free || s.memory_bytes == 0 || s.file_bytes > s.memory_bytes) std::abort();
            for (std::uint64_t i = 0; i < s.file_bytes; ++i) sum += s.bytes[i];
            sum += guest.symbol(s.address).size() + guest.symbol(s.last()).size();
            free = s.last();
        }
        if (sum == ~std::uint64_t{0}) std::abort(); // all has been read
        for (unsigned i = 0; i < 64; ++i) guest.symbol(guest.entry() + i);
        guest.require_in(0x80000000, 0x1000000);
    } catch (const cimtlm::input_error&) {
    }
    return 0;
}
