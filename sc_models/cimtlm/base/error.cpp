#include <cimtlm/base/error.h>

#include <algorithm>
#include <numeric>

namespace cimtlm {

namespace {
std::size_t edit_distance(const std::string& a, const std::string& b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t substitute = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            diagonal = row[j];
            row[j] = std::min({substitute, row[j] + 1, row[j - 1] + 1});
        }
    }
    return row[b.size()];
}
} // namespace

std::string nearest_name(const std::string& name, const std::vector<std::string>& candidates) {
    std::string best;
    std::size_t least = std::max<std::size_t>(2, name.size() / 3) + 1;
    if (name.size() > 200) return best;
    for (const auto& candidate : candidates) {
        const auto distance = edit_distance(name, candidate);
        if (distance < least && distance < std::max(name.size(), candidate.size())) {
            least = distance;
            best = candidate;
        }
    }
    if (!best.empty() || name.size() < 3) return best;
    for (const auto& candidate : candidates) // what was begun but not finished
        if (candidate.rfind(name, 0) == 0) return candidate;
    return best;
}

std::string unknown_name(const std::string& kind, const std::string& name, const std::vector<std::string>& candidates,
                         std::size_t most) {
    std::string text = "unknown " + kind + " '" + name.substr(0, 80) + "'";
    const auto near = nearest_name(name, candidates);
    if (!near.empty()) text += "; did you mean '" + near + "'?";
    text += near.empty() ? "; allowed: " : " allowed: ";
    for (std::size_t i = 0; i < candidates.size(); ++i) {
        if (i == most) {
            text += ", ... (" + std::to_string(candidates.size()) + " in all)";
            break;
        }
        text += (i ? ", " : "") + candidates[i];
    }
    if (candidates.empty()) text += "(none)";
    return text;
}

} // namespace cimtlm
