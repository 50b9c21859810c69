// The program `cimtlm`.
#include "commands.h"
#include "program.h"

#include <systemc>

namespace {

constexpr const char* usage =
    "cimtlm: compute-in-memory against tensor cores, in time, energy and with contention\n"
    "\n"
    "  cimtlm run MACHINE TRACE|--gemm M,N,K [options]   one machine\n"
    "  cimtlm compare MACHINE... --trace TRACE|--gemm M,N,K [options]   several, in parallel\n"
    "  cimtlm compare --macros MACRO MACRO... --trace TRACE|--gemm M,N,K   in one machine, and where they cross\n"
    "  cimtlm list machines|macros|traces\n"
    "  cimtlm show MACHINE [--set KEY=VALUE]...          what a machine is made of, with sources\n"
    "  cimtlm macro MACRO [--set KEY=VALUE]...           data sheet of a macro\n"
    "  cimtlm validate silicon FILE.csv [options]        published chips, predicted from their tables\n"
    "  cimtlm probe MACHINE latency|bandwidth [options]  what its memories take, by working set\n"
    "\n"
    "cimtlm COMMAND --help tells the options. MACHINE and TRACE are files or listed names.\n";

} // namespace

// The kernel's library asks for this symbol. The program is entered through main, so that commands which simulate
// nothing do not start the kernel.
int sc_main(int, char**) { return 0; }

int main(int argc, char** argv) {
    using namespace cimtlm;
    return run_program({"cimtlm",
                        usage,
                        {{"run", run_command},
                         {"compare", compare_command},
                         {"list", list_command},
                         {"show", show_command},
                         {"probe", probe_command},
                         {"macro", macro_command},
                         {"validate", validate_command}}},
                       argc, argv);
}
