#include <platforms/riscv_soc/commands.h>
#include <platforms/riscv_soc/experiments.h>

#include <cimtlm/base/error.h>

namespace cimtlm {

const std::vector<experiment>& experiments() {
    static const std::vector<experiment> all;
    return all;
}

int soc_experiment_command(const std::vector<std::string>&) { throw input_error("no experiments yet"); }

} // namespace cimtlm
