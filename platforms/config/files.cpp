#include <platforms/config/files.h>

#include <cimtlm/base/error.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>

#ifdef CIMTLM_SHARED
#include <dlfcn.h>
#endif

namespace cimtlm {

namespace fs = std::filesystem;

namespace {

/// Files below one folder of the data, by name. Two of a name would make a machine depend on the order of a disk.
std::map<std::string, std::string> named_files(const std::string& folder, const std::string& suffix) {
    std::map<std::string, std::string> found;
    const fs::path root = fs::path(data_root()) / folder;
    std::error_code error;
    for (fs::recursive_directory_iterator it(root, error), end; !error && it != end; it.increment(error)) {
        const auto& path = it->path();
        if (path.extension() != suffix || path.filename().string().front() == '.') continue;
        const auto [other, fresh] = found.emplace(path.stem().string(), path.string());
        if (!fresh)
            throw input_error("two files are called '" + path.stem().string() +
                              "': " + std::min(other->second, path.string()) + " and " +
                              std::max(other->second, path.string()));
    }
    return found;
}

std::map<std::string, std::string> machine_files() {
    auto found = named_files("platforms/study", ".yaml");
    for (const std::string folder : {"a100", "comparison", "soc"})
        for (const auto& [name, file] : named_files("platforms/" + folder, ".yaml"))
            found.emplace(folder + "/" + name, file);
    return found;
}

std::vector<std::string> names_of(const std::map<std::string, std::string>& files) {
    std::vector<std::string> names;
    for (const auto& entry : files) names.push_back(entry.first);
    return names;
}

bool ends_with(const std::string& text, const std::string& end) {
    return text.size() > end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

std::string find_named(const std::string& kind, const std::string& name, const std::string& suffix,
                       const std::map<std::string, std::string>& files, const std::string& folder,
                       const std::string& where) {
    const std::string front = where.empty() ? "" : where + ": ";
    if (const auto known = files.find(name); known != files.end()) return known->second;
    if (name.find('/') != std::string::npos || ends_with(name, suffix)) {
        const fs::path path(name);
        const auto file = (path.is_absolute() ? path : fs::path(folder) / path).lexically_normal().string();
        std::error_code error;
        if (!fs::exists(file, error)) throw input_error(front + kind + " file '" + file + "' does not exist");
        return file;
    }
    if (files.empty())
        throw input_error(front + "unknown " + kind + " '" + name + "': none is known below " + data_root() +
                          " (CIMTLM_HOME names another folder)");
    throw input_error(front + unknown_name(kind, name, names_of(files)));
}

bool holds_data(const fs::path& folder) {
    std::error_code error;
    return fs::is_directory(folder / "platforms", error);
}

/// The data beside what holds this function, so that an installation can be moved: the shared library or, linked
/// statically, the program. "" when there is none, as in a build folder.
std::string data_beside_us() {
    std::error_code error;
    auto self = fs::read_symlink("/proc/self/exe", error);
    auto way = CIMTLM_DATA_FROM_PROGRAM;
#ifdef CIMTLM_SHARED
    Dl_info here;
    if (!::dladdr(reinterpret_cast<const void*>(&data_root), &here) || !here.dli_fname) return "";
    self = fs::canonical(here.dli_fname, error);
    way = CIMTLM_DATA_FROM_LIBRARY;
#endif
    if (error) return "";
    const auto folder = (self.parent_path() / way).lexically_normal();
    return holds_data(folder) ? folder.string() : "";
}

std::string installed_or_source() {
    const auto beside = data_beside_us();
    if (!beside.empty()) return beside;
    return holds_data(CIMTLM_SOURCE_DIR) ? CIMTLM_SOURCE_DIR : CIMTLM_DATA_DIR;
}

} // namespace

std::string data_root() {
    const char* home = std::getenv("CIMTLM_HOME");
    if (home && *home) return home;
    static const std::string found = installed_or_source();
    return found;
}

std::vector<std::string> list_machines() { return names_of(machine_files()); }
std::vector<std::string> list_macros() { return list_parts("macros"); }
std::vector<std::string> list_parts(const std::string& group) {
    return names_of(named_files("platforms/parts/" + group, ".yaml"));
}
std::vector<std::string> list_traces() { return names_of(named_files("traces", ".csv")); }

std::string find_machine(const std::string& name_or_file, const std::string& folder, const std::string& where) {
    return find_named("machine", name_or_file, ".yaml", machine_files(), folder, where);
}

std::string find_part(const std::string& name_or_file, const std::string& folder, const std::string& where,
                      const std::string& group) {
    const auto kind = group == "macros" ? "macro" : "part";
    return find_named(kind, name_or_file, ".yaml", named_files("platforms/parts/" + group, ".yaml"), folder, where);
}

std::string find_trace(const std::string& name_or_file) {
    return find_named("trace", name_or_file, ".csv", named_files("traces", ".csv"), "", "");
}

} // namespace cimtlm
