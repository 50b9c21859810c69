#pragma once
/// Where machines, parts and traces lie, and how their names are found.
#include <string>
#include <vector>

namespace cimtlm {

/// Folder that holds platforms/ and traces/: the environment variable CIMTLM_HOME if set, else share/cimtlm of the
/// installation that this library (or, linked statically, the program) belongs to, else the source tree while it is
/// there, else where the package was to be installed.
std::string data_root();

/// Names of the machines, sorted: files of platforms/study, "a100/", "comparison/" and "soc/" with those of the folders
/// called so, without ".yaml".
std::vector<std::string> list_machines();
/// Names of the CiM macros: files of platforms/parts/macros.
std::vector<std::string> list_macros();
/// Names of parts: files below platforms/parts, or below a folder of it.
std::vector<std::string> list_parts(const std::string& group = "");
/// Names of the layer traces: files of traces/, without ".csv".
std::vector<std::string> list_traces();

/// Path of a machine, a part or a trace given by name, or by a file (another value with '/' or with the suffix), which
/// is relative to `folder` ("" is the working directory). Throws input_error with the known names; `where` stands in
/// front when it is not empty.
std::string find_machine(const std::string& name_or_file, const std::string& folder = "",
                         const std::string& where = "");
/// `group` is a folder of platforms/parts, "" for all of them.
std::string find_part(const std::string& name_or_file, const std::string& folder = "", const std::string& where = "",
                      const std::string& group = "");
std::string find_trace(const std::string& name_or_file);

} // namespace cimtlm
