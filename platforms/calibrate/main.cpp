/// cimtlm-calibrate: fits the circuits' constants to a table of chips and writes them as a part.
#include <cimtlm/base/error.h>
#include <platforms/config/config.h>
#include <platforms/validation/calibration.h>
#include <platforms/validation/chip_model.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <sstream>

namespace {

using namespace cimtlm;

constexpr const char* usage =
    "usage: cimtlm-calibrate CHIPS.csv START [FILE]\n"
    "Fits the constants of the circuits START (a part of platforms/parts/circuits, or a file) to the chips, tells how "
    "each\n"
    "chip is predicted when it is left out, and writes START with the fitted values to FILE.\n";

std::string number(double value) {
    char text[40];
    std::snprintf(text, sizeof text, "%.4g", value);
    return text;
}

/// Root mean square of d ln(prediction) / d ln(constant) over the chips: a change of the constant by 1 % changes
/// predictions by so many per cent.
struct sensitivity {
    double cycle = 0, energy = 0;
};
sensitivity sensitivity_of(const fitted_constant& c, const std::vector<chip_row>& chips, const circuit_constants& k) {
    constexpr double step = 1e-3;
    auto moved = k;
    moved.*c.value *= 1 + step;
    sensitivity s;
    for (const auto& chip : chips) {
        const auto before = predict_chip(chip, k), after = predict_chip(chip, moved);
        s.cycle += std::pow(std::log(after.cycle_ns.value / before.cycle_ns.value) / step, 2);
        s.energy += std::pow(std::log(after.tops_per_w_1b.value / before.tops_per_w_1b.value) / step, 2);
    }
    const auto n = static_cast<double>(chips.size());
    return {std::sqrt(s.cycle / n), std::sqrt(s.energy / n)};
}

void print_constants(const std::vector<chip_row>& chips, const circuit_constants& start, const circuit_constants& k,
                     const std::vector<circuit_constants>& without) {
    std::printf("%-26s %10s %10s %10s %10s %8s %8s\n", "constant", "start", "fitted", "least", "most", "d cycle",
                "d energy");
    for (const auto& c : fitted_constants()) {
        double least = k.*c.value, most = least;
        for (const auto& other : without)
            least = std::min(least, other.*c.value), most = std::max(most, other.*c.value);
        const auto s = sensitivity_of(c, chips, k);
        std::printf("%-26s %10s %10s %10s %10s %8.3f %8.3f\n", c.name, number(start.*c.value).c_str(),
                    number(k.*c.value).c_str(), number(least).c_str(), number(most).c_str(), s.cycle, s.energy);
    }
}

std::string quotients(const std::vector<double>& values) {
    std::string text;
    for (const double v : values) text += " " + number(std::round(v * 100) / 100);
    return text;
}

void print_chips(const std::vector<chip_error>& left_out, const std::vector<chip_error>& fitted) {
    std::printf("\npredicted / measured, left out (fitted):\n");
    for (std::size_t i = 0; i < left_out.size(); ++i)
        std::printf("%-22s TOPS/W%s (%s )  cycle%s (%s )  area%s\n", left_out[i].chip.c_str(),
                    quotients(left_out[i].tops_per_w).c_str(), quotients(fitted[i].tops_per_w).c_str(),
                    quotients(left_out[i].cycle).c_str(), quotients(fitted[i].cycle).c_str(),
                    quotients(fitted[i].area).c_str());
}

void print_summary(const char* what, const std::vector<chip_error>& errors) {
    for (const auto& [name, figure] :
         {std::pair{"TOPS/W", &chip_error::tops_per_w}, {"cycle", &chip_error::cycle}, {"area", &chip_error::area}}) {
        const auto s = summary_of(errors, figure);
        std::printf(
            "%s, %s: factor %.2f in the median, %.2f for 80 %%, %.2f for 90 %%, worst %.1f of %zu chips; within "
            "a chip %.2f in the median of %zu\n",
            what, name, s.median, s.percentile_80, s.percentile_90, s.worst, s.chips, s.pair_median, s.pairs);
    }
}

/// START's text with fitted values: comments and other lines stay.
std::string fitted_text(const std::string& text, const circuit_constants& k, const std::string& source) {
    std::istringstream in(text);
    std::string result, line;
    while (std::getline(in, line)) {
        const auto key = line.substr(0, line.find(':'));
        const auto replace = [&](double value, const std::string& why) {
            line = key + ": {value: " + number(value) + ", source: \"" + why + "\"}";
        };
        for (const auto& c : fitted_constants())
            if (key == c.name) replace(k.*c.value, source);
        if (key == "energy_uncertainty") replace(k.energy_uncertainty, source + ": nine of ten chips left out");
        if (key == "area_uncertainty") replace(k.area_uncertainty, "nine of ten of the chips that say it; not fitted");
        if (key == "delay_uncertainty") replace(k.delay_uncertainty, source + ": nine of ten chips left out");
        if (line.rfind('#', 0) != 0) result += line + "\n";
    }
    return result;
}

void run(const std::vector<std::string>& arguments) {
    const auto chips = read_chips(arguments[0]);
    const auto start_file = find_part(arguments[1], "", "", "circuits");
    const auto start = load_circuits(arguments[1]);
    auto fitted = calibrate(chips, start);
    std::vector<circuit_constants> without;
    const auto left_out = leave_one_out(chips, start, &without);
    print_constants(chips, start, fitted, without);
    print_chips(left_out, errors_of(chips, fitted));
    std::printf("\n");
    print_summary("fitted", errors_of(chips, fitted));
    print_summary("left out", left_out);
    fitted.energy_uncertainty = std::max(1.0, summary_of(left_out, &chip_error::tops_per_w).percentile_90);
    fitted.delay_uncertainty = std::max(1.0, summary_of(left_out, &chip_error::cycle).percentile_90);
    fitted.area_uncertainty = std::max(1.0, summary_of(errors_of(chips, fitted), &chip_error::area).percentile_90);
    if (arguments.size() < 3) return;
    std::ifstream in(start_file, std::ios::binary);
    if (!in) throw input_error(start_file + ": cannot be read");
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    const auto name = [](const std::string& file) { return std::filesystem::path(file).filename().string(); };
    const auto count = std::to_string(left_out.size());
    const auto written = "# Written by cimtlm-calibrate " + name(arguments[0]) + " " + name(arguments[1]) +
                         ": circuits at 28 nm, 0.8 V, 25 C.\n# docs/validation.md has sensitivities and what leaving a "
                         "chip out does.\n" +
                         fitted_text(text, fitted, "fitted to " + count + " chips");
    std::ofstream out(arguments[2], std::ios::binary);
    out << written;
    if (!out.flush()) throw environment_error(arguments[2] + ": cannot be written");
}

} // namespace

int main(int argc, char** argv) {
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    const bool help = !arguments.empty() && (arguments.front() == "--help" || arguments.front() == "-h");
    if (help || arguments.size() < 2 || arguments.size() > 3) {
        (help ? std::cout : std::cerr) << usage;
        return help ? 0 : 2;
    }
    try {
        run(arguments);
        return 0;
    } catch (const cimtlm::input_error& error) {
        std::cerr << "cimtlm-calibrate: " << error.what() << "\n";
        return 2;
    } catch (const cimtlm::environment_error& error) {
        std::cerr << "cimtlm-calibrate: " << error.what() << "\n";
        return 3;
    }
}
