#include "program.h"

#include "outcome.h"
#include "output.h"

#include <cimtlm/base/error.h>

#include <csignal>
#include <iostream>

namespace cimtlm {

namespace {

int run_command(const program& p, const std::vector<std::string>& arguments) {
    if (arguments.empty()) {
        std::cerr << p.usage;
        return exit_input;
    }
    if (arguments[0] == "--help" || arguments[0] == "-h" || arguments[0] == "help") {
        print(p.usage);
        return exit_ok;
    }
    if (arguments[0] == "--version") {
        print(p.name + " " + CIMTLM_VERSION + "\n");
        return exit_ok;
    }
    const auto found = p.commands.find(arguments[0]);
    if (found == p.commands.end()) {
        std::vector<std::string> names;
        for (const auto& [name, function] : p.commands) names.push_back(name);
        throw input_error(unknown_name("command", arguments[0], names));
    }
    return found->second({arguments.begin() + 1, arguments.end()});
}

} // namespace

int run_program(const program& p, int argc, char** argv) {
    std::signal(SIGPIPE, SIG_IGN); // a closed pipe and a limit on the size of files are noticed when writing
    std::signal(SIGXFSZ, SIG_IGN);
    catch_interrupts();
    const auto failed = [&](const std::string& what, int status) {
        std::cerr << p.name << ": " << what << "\n";
        return status;
    };
    try {
        return run_command(p, {argv + 1, argv + argc});
    } catch (const interrupted&) {
        return failed("interrupted; nothing is kept", exit_interrupted);
    } catch (const does_not_fit_error& e) {
        return failed(e.what(), exit_does_not_fit);
    } catch (const input_error& e) {
        return failed(e.what(), exit_input);
    } catch (const environment_error& e) {
        return failed(e.what(), exit_environment);
    } catch (const std::bad_alloc&) {
        return failed("out of memory", exit_environment);
    } catch (const std::exception& e) {
        return failed(std::string("internal fault: ") + e.what(), exit_fault);
    }
}

} // namespace cimtlm
