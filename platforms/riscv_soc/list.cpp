// Systems, firmware and experiments that there are.
#include <platforms/program/outcome.h>
#include <platforms/program/output.h>
#include <platforms/riscv_soc/commands.h>
#include <platforms/riscv_soc/experiments.h>
#include <platforms/riscv_soc/soc_parameters.h>

#include <cimtlm/base/error.h>

#include <filesystem>

namespace cimtlm {

namespace fs = std::filesystem;

std::map<std::string, std::string> list_firmware() {
    std::error_code error;
    const auto program = fs::read_symlink("/proc/self/exe", error);
    std::map<std::string, std::string> found;
    for (const auto& entry : fs::directory_iterator(program.parent_path().parent_path() / "firmware", error))
        if (entry.path().extension() == ".elf") found[entry.path().stem()] = entry.path();
    return found;
}

std::string find_firmware(const std::string& name_or_file) {
    const auto known = list_firmware();
    if (const auto found = known.find(name_or_file); found != known.end()) return found->second;
    if (name_or_file.find('/') != std::string::npos || fs::path(name_or_file).extension() == ".elf")
        return name_or_file;
    std::vector<std::string> names;
    for (const auto& [name, file] : known) names.push_back(name);
    if (names.empty())
        throw input_error("no firmware called '" + name_or_file +
                          "': none was built, which takes gcc-riscv64-unknown-elf and picolibc-riscv64-unknown-elf");
    throw input_error(unknown_name("firmware", name_or_file, names));
}

int soc_list_command(const std::vector<std::string>& arguments) {
    if (arguments.size() != 1) throw input_error("usage: cimtlm-soc list socs|firmware|experiments");
    std::string text;
    if (arguments[0] == "--help")
        text = "cimtlm-soc list socs|firmware|experiments\n";
    else if (arguments[0] == "socs")
        for (const auto& name : list_socs()) text += name + "\n";
    else if (arguments[0] == "firmware")
        for (const auto& [name, file] : list_firmware()) text += name + "\n";
    else if (arguments[0] == "experiments")
        for (const auto& e : experiments()) text += e.name + ": " + e.question + "\n";
    else
        throw input_error(unknown_name("list", arguments[0], {"socs", "firmware", "experiments"}));
    print(text);
    return exit_ok;
}

} // namespace cimtlm
