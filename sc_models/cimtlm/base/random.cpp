#include <cimtlm/base/random.h>

#include <Random123/boxmuller.hpp>
#include <Random123/philox.h>

namespace cimtlm {

double normal_number(std::uint64_t key, std::uint64_t index) {
    r123::Philox2x64 generator;
    const auto bits = generator({{index, 0}}, {{key}});
    return r123::boxmuller(bits[0], bits[1]).x;
}

} // namespace cimtlm
