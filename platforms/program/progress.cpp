#include "progress.h"

#include <algorithm>
#include <cstdio>
#include <unistd.h>

namespace cimtlm {

progress_bar::progress_bar(std::string label)
    : label_(std::move(label))
    , terminal_(::isatty(STDERR_FILENO) != 0)
    , begin_(std::chrono::steady_clock::now())
    , last_(begin_) {}

progress_bar::~progress_bar() {
    if (drawn_) std::fprintf(stderr, "\r\033[K");
}

void progress_bar::show(double fraction) {
    using namespace std::chrono;
    if (!terminal_) return;
    const auto now = steady_clock::now();
    if (now - last_ < milliseconds(100)) return;
    last_ = now;
    drawn_ = true;
    fraction = std::clamp(fraction, 0.0, 1.0);
    constexpr int width = 30;
    const int full = static_cast<int>(fraction * width);
    const double spent = duration<double>(now - begin_).count();
    std::fprintf(stderr, "\r\033[K%s [%s%s] %3.0f %%", label_.c_str(), std::string(full, '#').c_str(),
                 std::string(width - full, '.').c_str(), 100 * fraction);
    if (fraction > 0.02) std::fprintf(stderr, ", %.0f s left", spent / fraction * (1 - fraction));
    std::fflush(stderr);
}

} // namespace cimtlm
