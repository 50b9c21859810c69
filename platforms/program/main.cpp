// The program `cimtlm`.
#include "commands.h"
#include "outcome.h"
#include "output.h"

#include <cimtlm/base/error.h>

#include <csignal>
#include <iostream>
#include <map>
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

int command(const std::vector<std::string>& arguments) {
    using namespace cimtlm;
    const std::map<std::string, int (*)(const std::vector<std::string>&)> commands{
        {"run", run_command},     {"compare", compare_command}, {"list", list_command},        {"show", show_command},
        {"probe", probe_command}, {"macro", macro_command},     {"validate", validate_command}};
    if (arguments.empty()) {
        std::cerr << usage;
        return exit_input;
    }
    if (arguments[0] == "--help" || arguments[0] == "-h" || arguments[0] == "help") {
        print(usage);
        return exit_ok;
    }
    if (arguments[0] == "--version") {
        print(std::string("cimtlm ") + CIMTLM_VERSION + "\n");
        return exit_ok;
    }
    const auto found = commands.find(arguments[0]);
    if (found == commands.end()) {
        std::vector<std::string> names;
        for (const auto& [name, function] : commands) names.push_back(name);
        throw input_error(unknown_name("command", arguments[0], names));
    }
    return found->second({arguments.begin() + 1, arguments.end()});
}

} // namespace

// The kernel's library asks for this symbol. The program is entered through main, so that commands which simulate
// nothing do not start the kernel.
int sc_main(int, char**) { return 0; }

int main(int argc, char** argv) {
    using namespace cimtlm;
    std::signal(SIGPIPE, SIG_IGN); // a closed pipe and a limit on the size of files are noticed when writing
    std::signal(SIGXFSZ, SIG_IGN);
    catch_interrupts();
    try {
        return command({argv + 1, argv + argc});
    } catch (const interrupted&) {
        std::cerr << "cimtlm: interrupted; nothing is kept\n";
        return exit_interrupted;
    } catch (const does_not_fit_error& e) {
        std::cerr << "cimtlm: " << e.what() << "\n";
        return exit_does_not_fit;
    } catch (const input_error& e) {
        std::cerr << "cimtlm: " << e.what() << "\n";
        return exit_input;
    } catch (const environment_error& e) {
        std::cerr << "cimtlm: " << e.what() << "\n";
        return exit_environment;
    } catch (const std::bad_alloc&) {
        std::cerr << "cimtlm: out of memory\n";
        return exit_environment;
    } catch (const std::exception& e) {
        std::cerr << "cimtlm: internal fault: " << e.what() << "\n";
        return exit_fault;
    }
}
