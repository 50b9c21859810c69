#include "commands.h"
#include "outcome.h"
#include "output.h"

#include <cimtlm/base/error.h>
#include <platforms/config/config.h>

namespace cimtlm {

int list_command(const std::vector<std::string>& arguments) {
    const std::vector<std::string> known{"machines", "macros", "traces"};
    if (arguments.size() != 1) throw input_error("usage: cimtlm list machines|macros|traces");
    if (arguments[0] == "--help") {
        print("cimtlm list machines|macros|traces\n");
        return exit_ok;
    }
    std::vector<std::string> names;
    if (arguments[0] == "machines")
        names = list_machines();
    else if (arguments[0] == "macros")
        names = list_macros();
    else if (arguments[0] == "traces")
        names = list_traces();
    else
        throw input_error(unknown_name("list", arguments[0], known));
    std::string text;
    for (const auto& name : names) text += name + "\n";
    print(text);
    return exit_ok;
}

} // namespace cimtlm
