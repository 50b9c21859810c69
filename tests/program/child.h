#pragma once
/// The program as a child process: what it writes, how it ends.
#include <boost/json.hpp>

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace cimtlm::test {

struct outcome {
    int status = -1; ///< exit status; 128 + signal as a shell tells it
    std::string out, err;
};

/// What differs from an ordinary call.
struct setting {
    std::string program = CIMTLM_PROGRAM;
    std::string folder;                         ///< working folder; "": this process's
    std::string standard_output;                ///< a file in place of a pipe
    std::size_t read_at_most = ~std::size_t{0}; ///< then the pipe is closed, as `head` does
    long file_size_limit = -1;                  ///< bytes a file may have
    int send = 0;                               ///< this signal, as soon as `when` says so
    std::function<bool()> when;
};

/// Runs it to its end (or for two minutes at most; then it is ended, and the status tells so).
outcome call(const std::vector<std::string>& arguments, const setting& s = {});

/// The object that `run ... --json` prints; fails the test when it ends badly or says anything beside it.
boost::json::object run_json(std::vector<std::string> arguments);
double number(const boost::json::value& v);
/// By path: at(object, {"totals", "time_ps"}).
const boost::json::value& at(const boost::json::object& o, const std::vector<std::string>& path);

/// A folder that is gone after the test.
class scratch {
public:
    scratch();
    ~scratch();
    scratch(const scratch&) = delete;
    scratch& operator=(const scratch&) = delete;
    std::string path(const std::string& name) const { return (folder_ / name).string(); }
    /// Writes a file and returns its path.
    std::string file(const std::string& name, const std::string& text) const;
    std::vector<std::string> names() const;

private:
    std::filesystem::path folder_;
};

std::string read_file(const std::string& path);
std::vector<std::string> lines(const std::string& text);
bool contains(const std::string& text, const std::string& part);

/// "tensor_core", the eight with four arrays, the eight with equal area.
std::vector<std::string> study_machines();

} // namespace cimtlm::test
