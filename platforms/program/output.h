#pragma once
/// Where results go.
#include <filesystem>
#include <string>

namespace cimtlm {

/// Writes to standard output. Throws environment_error when it cannot be written; a closed pipe ends the program with
/// status 0, silently.
void print(const std::string& text);

/// A folder of results that exists only when it is whole: files are written aside and the folder is renamed into
/// place by commit(); without it everything is removed again.
class output_folder {
public:
    /// Throws input_error when `path` exists and `force` is false, environment_error when nothing can be written.
    output_folder(const std::string& path, bool force);
    ~output_folder();
    output_folder(const output_folder&) = delete;
    output_folder& operator=(const output_folder&) = delete;

    /// Throws environment_error when the text cannot be written whole.
    void write(const std::string& name, const std::string& text);
    void commit();

private:
    std::filesystem::path final_;
    std::filesystem::path aside_;
    bool force_;
    bool committed_ = false;
};

} // namespace cimtlm
