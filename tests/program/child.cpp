#include "child.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <fstream>
#include <sstream>

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace cimtlm::test {

namespace fs = std::filesystem;

namespace {

// In the child, between fork and exec: system calls alone.
[[noreturn]] void become(const std::vector<char*>& arguments, const setting& s, int out, int err) {
    ::signal(SIGINT, SIG_DFL); // a shell in the background has it ignored
    ::signal(SIGPIPE, SIG_DFL);
    ::dup2(::open("/dev/null", O_RDONLY), STDIN_FILENO);
    ::dup2(out, STDOUT_FILENO);
    ::dup2(err, STDERR_FILENO);
    for (int i = 3; i < 256; ++i) ::close(i);
    if (!s.folder.empty() && ::chdir(s.folder.c_str()) != 0) ::_exit(126);
    if (s.file_size_limit >= 0) {
        const rlimit limit{static_cast<rlim_t>(s.file_size_limit), static_cast<rlim_t>(s.file_size_limit)};
        ::setrlimit(RLIMIT_FSIZE, &limit);
        ::signal(SIGXFSZ, SIG_IGN); // a write that fails, as on a full disk
    }
    ::execv(arguments[0], arguments.data());
    ::_exit(127);
}

// Appends what is there; closes at the end or when enough was read.
void drain(pollfd& p, std::string& text, std::size_t most) {
    char buffer[65536];
    const auto n = ::read(p.fd, buffer, std::min(sizeof buffer, most - text.size()));
    if (n > 0) text.append(buffer, static_cast<std::size_t>(n));
    if (n > 0 && text.size() < most) return;
    ::close(p.fd);
    p.fd = -1;
}

} // namespace

outcome call(const std::vector<std::string>& arguments, const setting& s) {
    std::vector<std::string> texts{s.program};
    texts.insert(texts.end(), arguments.begin(), arguments.end());
    std::vector<char*> pointers;
    for (auto& t : texts) pointers.push_back(t.data());
    pointers.push_back(nullptr);

    outcome o;
    int out[2], err[2];
    if (::pipe2(out, O_CLOEXEC) != 0 || ::pipe2(err, O_CLOEXEC) != 0) {
        ADD_FAILURE() << "no pipe: " << errno;
        return o;
    }
    const int file = s.standard_output.empty() ? -1 : ::open(s.standard_output.c_str(), O_WRONLY);
    const pid_t child = ::fork();
    if (child == 0) become(pointers, s, file >= 0 ? file : out[1], err[1]);
    ::close(out[1]);
    ::close(err[1]);
    if (file >= 0) ::close(file);

    const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(2);
    pollfd pipes[2]{{out[0], POLLIN, 0}, {err[0], POLLIN, 0}};
    bool sent = s.send == 0;
    while (pipes[0].fd >= 0 || pipes[1].fd >= 0) {
        ::poll(pipes, 2, 10);
        if (pipes[0].fd >= 0 && pipes[0].revents) drain(pipes[0], o.out, s.read_at_most);
        if (pipes[1].fd >= 0 && pipes[1].revents) drain(pipes[1], o.err, ~std::size_t{0});
        if (!sent && s.when()) {
            ::kill(child, s.send);
            sent = true;
        }
        if (std::chrono::steady_clock::now() > end) {
            ADD_FAILURE() << s.program << " does not end";
            ::kill(child, SIGKILL);
            break;
        }
    }
    for (auto& p : pipes)
        if (p.fd >= 0) ::close(p.fd);
    int status = 0;
    ::waitpid(child, &status, 0);
    o.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return o;
}

boost::json::object run_json(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "run");
    arguments.push_back("--json");
    const auto o = call(arguments);
    EXPECT_EQ(o.status, 0) << o.err;
    EXPECT_EQ(o.err, "");
    boost::system::error_code error;
    const auto value = boost::json::parse(o.out, error); // anything beside the JSON is an error
    if (error || !value.is_object()) {
        ADD_FAILURE() << "not a JSON object:\n" << o.out.substr(0, 1000);
        return {};
    }
    return value.as_object();
}

double number(const boost::json::value& v) { return v.to_number<double>(); }

const boost::json::value& at(const boost::json::object& o, const std::vector<std::string>& path) {
    const boost::json::object* here = &o;
    for (std::size_t i = 0; i + 1 < path.size(); ++i) here = &here->at(path[i]).as_object();
    return here->at(path.back());
}

scratch::scratch() {
    auto name = (fs::temp_directory_path() / "cimtlm-test-XXXXXX").string();
    if (!::mkdtemp(name.data())) throw std::runtime_error(name + ": cannot be made");
    folder_ = name;
}

scratch::~scratch() {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
}

std::string scratch::file(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name, std::ios::binary) << text;
    return path(name);
}

std::vector<std::string> scratch::names() const {
    std::vector<std::string> found;
    for (const auto& entry : fs::directory_iterator(folder_)) found.push_back(entry.path().filename().string());
    std::sort(found.begin(), found.end());
    return found;
}

std::string read_file(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    EXPECT_TRUE(in.good()) << path;
    return {std::istreambuf_iterator<char>(in), {}};
}

std::vector<std::string> lines(const std::string& text) {
    std::vector<std::string> found;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) found.push_back(line);
    return found;
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

std::vector<std::string> study_machines() {
    std::vector<std::string> names{"tensor_core"};
    for (const char* end : {"", "_iso_area"})
        for (const char* level : {"rf", "smem"})
            for (const char* macro : {"analog_6t", "analog_8t", "digital_6t", "digital_8t"})
                names.push_back(std::string(level) + "_" + macro + end);
    return names;
}

} // namespace cimtlm::test
