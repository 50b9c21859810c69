#include "output.h"

#include <cimtlm/base/error.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <unistd.h>

namespace cimtlm {

void print(const std::string& text) {
    std::size_t written = 0;
    while (written < text.size()) {
        const auto n = ::write(STDOUT_FILENO, text.data() + written, text.size() - written);
        if (n >= 0) {
            written += static_cast<std::size_t>(n);
        } else if (errno == EPIPE) {
            std::_Exit(0); // the reader has seen enough
        } else if (errno != EINTR) {
            throw environment_error(std::string("standard output: ") + std::strerror(errno));
        }
    }
}

namespace fs = std::filesystem;

output_folder::output_folder(const std::string& path, bool force)
    : force_(force) {
    final_ = fs::path(path);
    if (!final_.has_filename()) final_ = final_.parent_path(); // "results/" is "results"
    if (final_.empty()) throw input_error("--out: an empty path");
    std::error_code error;
    const auto status = fs::symlink_status(final_, error);
    if (fs::exists(status)) {
        if (!force) throw input_error("--out " + path + ": exists already; use --force to replace it");
        if (!fs::is_directory(status)) throw input_error("--out " + path + ": is not a folder, it is not replaced");
        // --force is for results: a slip of the hand must not cost a folder of something else.
        if (!fs::is_empty(final_, error) && !fs::exists(final_ / "stats.json", error))
            throw input_error("--out " + path + ": holds no results of a run (no stats.json), it is not replaced");
    }
    const auto parent = final_.has_parent_path() ? final_.parent_path() : fs::path(".");
    fs::create_directories(parent, error);
    if (error) throw environment_error("--out " + path + ": " + error.message());
    aside_ = parent / (final_.filename().string() + ".partial-" + std::to_string(::getpid()));
    fs::remove_all(aside_, error);
    fs::create_directory(aside_, error);
    if (error) throw environment_error("--out " + path + ": " + error.message());
}

output_folder::~output_folder() {
    std::error_code ignored;
    if (!committed_) fs::remove_all(aside_, ignored);
}

void output_folder::write(const std::string& name, const std::string& text) {
    const auto file = aside_ / name;
    std::ofstream out(file, std::ios::binary);
    out << text;
    out.close();
    if (!out) throw environment_error(file.string() + ": " + std::strerror(errno));
}

void output_folder::commit() {
    std::error_code error;
    if (force_ && fs::exists(final_)) {
        // The old folder goes only when the new one stands ready beside it.
        const auto old = final_.parent_path() / (final_.filename().string() + ".old-" + std::to_string(::getpid()));
        fs::rename(final_, old, error);
        if (error) throw environment_error(final_.string() + ": " + error.message());
        fs::rename(aside_, final_, error);
        if (error) {
            std::error_code ignored;
            fs::rename(old, final_, ignored);
            throw environment_error(final_.string() + ": " + error.message());
        }
        fs::remove_all(old, error);
    } else {
        fs::rename(aside_, final_, error);
        if (error == std::errc::directory_not_empty || error == std::errc::file_exists)
            throw input_error("--out " + final_.string() + ": exists already, someone else was faster");
        if (error) throw environment_error(final_.string() + ": " + error.message());
    }
    committed_ = true;
}

} // namespace cimtlm
