#include <platforms/riscv_soc/console.h>

#include <algorithm>
#include <charconv>

namespace cimtlm {

namespace {
constexpr std::size_t longest_line = 200; // of those that are looked at
bool is_name(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.'; }
} // namespace

void console::write(char c) {
    if (out_) {
        out_->put(c);
        if (c == '\n') out_->flush();
    }
    if (c == '\n') {
        read_line();
        line_.clear();
    } else if (c != '\r' && line_.size() <= longest_line) {
        line_ += c;
    }
}

void console::read_line() {
    if (line_.size() > longest_line) return;
    const auto equals = line_.find(" = ");
    if (equals == std::string::npos || equals == 0) return;
    const auto name = line_.substr(0, equals);
    if (!std::all_of(name.begin(), name.end(), is_name) || (name[0] >= '0' && name[0] <= '9') || name[0] == '.') return;
    double value = 0;
    const auto* begin = line_.data() + equals + 3;
    const auto* end = line_.data() + line_.size();
    const auto [stop, error] = std::from_chars(begin, end, value, std::chars_format::fixed);
    if (error == std::errc() && stop == end && value - value == 0) results_[name] = value; // neither infinite nor NaN
}

} // namespace cimtlm
