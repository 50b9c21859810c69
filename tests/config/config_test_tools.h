#pragma once
/// Tools of the configuration tests: files of a moment, and the message of a refusal.
#include <cimtlm/base/error.h>
#include <platforms/config/config.h>

#include <gtest/gtest.h>

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace cimtlm::config_test {

/// A folder that is gone at the end of the test.
class scratch_folder {
public:
    scratch_folder() {
        std::string pattern = (std::filesystem::temp_directory_path() / "cimtlm_config_XXXXXX").string();
        if (!mkdtemp(pattern.data())) throw std::runtime_error("no scratch folder");
        path_ = pattern;
    }
    ~scratch_folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    scratch_folder(const scratch_folder&) = delete;
    scratch_folder& operator=(const scratch_folder&) = delete;

    std::string path(const std::string& name) const { return path_ + "/" + name; }
    /// Writes a file and gives its path.
    std::string write(const std::string& name, const std::string& text) const {
        std::filesystem::create_directories(std::filesystem::path(path(name)).parent_path());
        std::ofstream(path(name), std::ios::binary) << text;
        return path(name);
    }

private:
    std::string path_;
};

/// What of the input_error that `call` throws; "" when it throws none.
template <class Call> std::string refusal(Call call) {
    try {
        call();
    } catch (const input_error& e) {
        return e.what();
    }
    return "";
}

/// A machine that is valid, in nine lines; `more` follows from line 10.
inline std::string small_machine(const std::string& more = "") {
    return "technology: study_45nm\n"
           "memories:\n"
           "  dram: lpddr4\n"
           "cim:\n"
           "  macro: digital_6t\n"
           "  count: 4\n"
           "vector_unit: sm_vector_unit\n"
           "dma: block_dma\n"
           "host: host_cpu\n" +
           more;
}

inline loaded_machine parsed(const std::string& text, const std::vector<std::string>& sets = {}) {
    return parse_machine(text, "m.yaml", sets);
}

inline std::string refused(const std::string& text, const std::vector<std::string>& sets = {}) {
    return refusal([&] { parsed(text, sets); });
}

} // namespace cimtlm::config_test
