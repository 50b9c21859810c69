#pragma once
/// The commands of `cimtlm-soc`, and what they share. Each takes the arguments after its name and returns the exit
/// status.
#include <map>
#include <string>
#include <vector>

namespace cimtlm {

/// Exit statuses beside those of platforms/program/outcome.h and the guest's own.
enum soc_exit_status {
    exit_time_limit = 124,   ///< --max-time was over, as timeout(1) has it
    exit_guest_mistake = 125 ///< the guest did what ends a run, or nothing can happen any more
};

int soc_run_command(const std::vector<std::string>& arguments);
int soc_experiment_command(const std::vector<std::string>& arguments);
int soc_list_command(const std::vector<std::string>& arguments);

/// Firmware that was built with the program: name -> file.
std::map<std::string, std::string> list_firmware();
/// By name, or a file (another value with '/' or ending in ".elf"). Throws input_error with the known names.
std::string find_firmware(const std::string& name_or_file);

} // namespace cimtlm
