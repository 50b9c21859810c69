#include "guest.h"

#include <cstdlib>
#include <iostream>
#include <sstream>

namespace cimtlm::test {

namespace {

setting of_program(const std::string& program) {
    setting s;
    s.program = program;
    return s;
}

/// Beside the compiler.
std::string tool(const std::string& name) {
    const std::string gcc = CIMTLM_RISCV_GCC;
    return gcc.substr(0, gcc.rfind("gcc")) + name;
}

} // namespace

guest::guest(const std::string& source, const std::vector<std::string>& definitions)
    : folder_(std::make_unique<scratch>())
    , path_(folder_->path("guest.elf")) {
    const std::string guests = CIMTLM_SOURCE_DIR "/tests/soc/guests/", gcc = CIMTLM_RISCV_GCC;
    const bool is_file = source.find('\n') == std::string::npos;
    const auto file =
        is_file ? guests + source : folder_->file("guest.S", "#include \"guest.inc\"\n_start:\n" + source);
    std::vector<std::string> arguments{"-march=rv64imac",
                                       "-mabi=lp64",
                                       "-misa-spec=2.2",
                                       "-nostdlib",
                                       "-nostartfiles",
                                       "-mno-relax",
                                       "-Wl,-n,--no-warn-rwx-segments,-Ttext=0x80000000",
                                       "-I" + guests,
                                       "-o",
                                       path_,
                                       file};
    for (const auto& d : definitions) arguments.push_back("-D" + d);
    const auto made = call(arguments, of_program(gcc));
    EXPECT_EQ(made.status, 0) << source << "\n" << made.err;
    std::istringstream table(call({path_}, of_program(tool("nm"))).out);
    for (std::string address, kind, name; table >> address >> kind >> name;)
        labels_[name] = std::strtoull(address.c_str(), nullptr, 16);
}

std::uint64_t guest::address(const std::string& label) const {
    const auto found = labels_.find(label);
    if (found != labels_.end()) return found->second;
    ADD_FAILURE() << "the guest has no label " << label;
    return 0;
}

std::int64_t guest::instructions_before(const std::string& label) const {
    const auto text =
        call({"-d", "--stop-address=" + hexadecimal(address(label)), path_}, of_program(tool("objdump"))).out;
    std::int64_t n = 0;
    for (const auto& line : lines(text)) n += line.find(":\t") != std::string::npos; // "    80000000:\t4505 ..."
    return n;
}

double guest_run::value(const std::string& name) const {
    if (const auto* v = results.if_contains(name)) return number(*v);
    ADD_FAILURE() << "no result " << name << "\n" << child.err;
    return -1;
}

std::int64_t guest_run::integer(const std::string& name) const { return static_cast<std::int64_t>(value(name)); }

double guest_run::statistic(const std::string& name) const { return number(at(results, {"statistics", name})); }
double guest_run::energy_pj(const std::string& part) const { return number(at(results, {"energy", part})); }

std::string guest_run::message() const {
    const auto* v = results.if_contains("message");
    return v ? std::string(v->as_string()) : "";
}

outcome call_soc(const std::vector<std::string>& arguments) {
    auto o = call(arguments, of_program(CIMTLM_SOC_PROGRAM));
    // AddressSanitizer does not know the stacks of the kernel's coroutines, on which the library jumps.
    const std::string first = "==WARNING: ASan is ignoring requested __asan_handle_no_return", last = "issues/189\n";
    if (const auto at = o.err.find(first); at != std::string::npos) {
        const auto begin = o.err.rfind("==", at - 1), end = o.err.find(last, at);
        o.err.erase(begin, end + last.size() - begin);
    }
    return o;
}

guest_run run_guest(const std::string& firmware, std::vector<std::string> options, int status) {
    options.insert(options.begin(), {"run", firmware, "--json"});
    guest_run r;
    r.child = call_soc(options);
    EXPECT_EQ(r.child.status, status) << r.child.err;
    boost::system::error_code error;
    const auto value = boost::json::parse(r.child.out, error); // anything beside the JSON is an error
    if (error || !value.is_object())
        ADD_FAILURE() << "not a JSON object:\n" << r.child.out.substr(0, 1000) << r.child.err;
    else
        r.results = value.as_object();
    return r;
}

std::vector<std::string> sets(const std::vector<std::string>& keys) {
    std::vector<std::string> options;
    for (const auto& key : keys) options.insert(options.end(), {"--set", key});
    return options;
}

std::vector<std::string> operator+(std::vector<std::string> a, const std::vector<std::string>& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

const std::vector<std::string>& quanta() {
    static const std::vector<std::string> all{"0", "1 ns", "1 us", "100 us"};
    return all;
}

std::vector<std::string> at_quantum(const std::string& quantum) { return sets({"core.quantum_ps=" + quantum}); }

std::string hexadecimal(std::uint64_t value) {
    std::ostringstream text;
    text << "0x" << std::hex << value;
    return text.str();
}

std::uint64_t random_seed(std::uint64_t own) {
    const char* given = std::getenv("CIMTLM_SEED");
    const auto seed = given ? std::strtoull(given, nullptr, 10) : own;
    std::cout << "seed " << seed << " (CIMTLM_SEED)\n";
    return seed;
}

} // namespace cimtlm::test
