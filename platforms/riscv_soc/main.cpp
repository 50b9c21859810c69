// The program `cimtlm-soc`: guests on the RISC-V SoC. A program of its own, because the library that executes RISC-V
// instructions (Unicorn) is under the GPL.
#include <platforms/program/program.h>
#include <platforms/riscv_soc/commands.h>

#include <systemc>

namespace {

constexpr const char* usage =
    "cimtlm-soc: RISC-V firmware on a system with compute-in-memory devices\n"
    "\n"
    "  cimtlm-soc run FIRMWARE [KEY=VALUE]... [options]  firmware with its own options; the exit status is the "
    "guest's\n"
    "  cimtlm-soc experiment NAME [options]              what a choice of the system does, as a table\n"
    "  cimtlm-soc list socs|firmware|experiments\n"
    "\n"
    "cimtlm-soc COMMAND --help tells the options. FIRMWARE is a file or a listed name.\n";

} // namespace

// The kernel's library asks for this symbol; the program is entered through main.
int sc_main(int, char**) { return 0; }

int main(int argc, char** argv) {
    using namespace cimtlm;
    return run_program({"cimtlm-soc",
                        usage,
                        {{"run", soc_run_command}, {"experiment", soc_experiment_command}, {"list", soc_list_command}}},
                       argc, argv);
}
