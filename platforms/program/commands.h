#pragma once
/// The commands of the program. Each takes the arguments after its name and returns the exit status.
#include <string>
#include <vector>

namespace cimtlm {

int run_command(const std::vector<std::string>& arguments);
int compare_command(const std::vector<std::string>& arguments);
int list_command(const std::vector<std::string>& arguments);
int show_command(const std::vector<std::string>& arguments);
int probe_command(const std::vector<std::string>& arguments);
int macro_command(const std::vector<std::string>& arguments);
int validate_command(const std::vector<std::string>& arguments);

} // namespace cimtlm
