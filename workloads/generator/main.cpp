/// cimtlm-traces: writes the layer traces of known networks.
#include <workloads/models.h>

#include <cimtlm/base/error.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>

namespace {
constexpr const char* usage = "usage: cimtlm-traces OUT_DIR [NAME...]\n"
                              "Writes OUT_DIR/NAME.csv for the networks that are named, or for all:";

std::vector<std::string> names_of_models() {
    std::vector<std::string> names;
    for (const auto& model : cimtlm::named_models()) names.emplace_back(model.name);
    return names;
}

void write_model(const std::filesystem::path& folder, const cimtlm::named_model& model) {
    const auto path = folder / ((std::string(model.name) + ".csv"));
    std::ofstream file(path, std::ios::binary);
    file << cimtlm::format_trace(cimtlm::make_trace(model));
    if (!file.flush()) throw cimtlm::environment_error(path.string() + ": cannot be written");
}

void run(const std::vector<std::string>& arguments) {
    const auto& models = cimtlm::named_models();
    std::vector<std::string> names(arguments.begin() + 1, arguments.end());
    if (names.empty()) names = names_of_models();
    std::vector<cimtlm::named_model> chosen;
    for (const auto& name : names) {
        const auto found = std::find_if(models.begin(), models.end(), [&](const auto& m) { return m.name == name; });
        if (found == models.end()) throw cimtlm::input_error(cimtlm::unknown_name("network", name, names_of_models()));
        chosen.push_back(*found);
    }
    std::error_code error;
    std::filesystem::create_directories(arguments.front(), error);
    if (error) throw cimtlm::environment_error(arguments.front() + ": " + error.message());
    for (const auto& model : chosen) write_model(arguments.front(), model);
}
} // namespace

int main(int argc, char** argv) {
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    const bool help = !arguments.empty() && (arguments.front() == "--help" || arguments.front() == "-h");
    if (arguments.empty() || help) {
        (help ? std::cout : std::cerr) << usage;
        for (const auto& name : names_of_models()) (help ? std::cout : std::cerr) << " " << name;
        (help ? std::cout : std::cerr) << "\n";
        return help ? 0 : 2;
    }
    try {
        run(arguments);
        return 0;
    } catch (const cimtlm::input_error& error) {
        std::cerr << "cimtlm-traces: " << error.what() << "\n";
        return 2;
    } catch (const cimtlm::environment_error& error) {
        std::cerr << "cimtlm-traces: " << error.what() << "\n";
        return 3;
    }
}
