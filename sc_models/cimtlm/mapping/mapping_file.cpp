#include <cimtlm/mapping/mapping_file.h>

#include <cimtlm/base/error.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>

namespace cimtlm {

mapping_file::mapping_file(const std::string& path)
    : path_(path) {
    if (std::filesystem::is_directory(path)) throw input_error(path + ": is a directory, not a mapping file");
    std::ifstream in(path);
    if (!in) throw input_error(path + ": cannot be read");
    std::string text;
    for (int number = 1; std::getline(in, text); ++number) {
        if (const auto comment = text.find('#'); comment != std::string::npos) text.resize(comment);
        const auto first = text.find_first_not_of(" \t\r");
        if (first == std::string::npos) continue;
        if (text.size() > 4096)
            throw input_error(path + ":" + std::to_string(number) + ": a line over 4096 characters");
        line l{number, {0, 0, 0}, text.substr(first)};
        if (const auto colon = l.text.find(':'); colon != std::string::npos) {
            long long m = 0, n = 0, k = 0;
            char rest = 0;
            // sscanf clips a number that is too large for its type; the limit refuses it.
            if (std::sscanf(l.text.c_str(), "%lld ,%lld ,%lld %c", &m, &n, &k, &rest) != 4 || rest != ':' || m < 1 ||
                n < 1 || k < 1 || std::max({m, n, k}) > gemm::largest_extent)
                throw input_error(path + ":" + std::to_string(number) + ": write 'M,N,K: NEST' or 'NEST'");
            l.shape = {m, n, k};
            l.text = l.text.substr(colon + 1);
        }
        for (const auto& other : lines_)
            if (other.shape == l.shape)
                throw input_error(path + ":" + std::to_string(number) + ": the same products as in line " +
                                  std::to_string(other.number));
        lines_.push_back(l);
    }
    if (lines_.empty()) throw input_error(path + ": no loop nest in it; write e.g. 'dram N8 M4 / smem M32 K16 / ...'");
}

loop_nest mapping_file::find(const gemm& g, const machine& m, const std::vector<nest_slot>& shape) const {
    for (const auto& l : lines_) {
        if (l.shape[0] != 0 && (l.shape[0] != g.m || l.shape[1] != g.n || l.shape[2] != g.k)) continue;
        const auto where = path_ + ":" + std::to_string(l.number);
        const auto nest = parse_nest(l.text, shape, where);
        const auto reason = why_impossible(nest, g, m, shape);
        if (!reason.empty()) throw input_error(where + ": " + reason);
        return nest;
    }
    throw input_error(path_ + ": no line fits GEMM " + std::to_string(g.m) + "," + std::to_string(g.n) + "," +
                      std::to_string(g.k) + (g.name.empty() ? "" : " (" + g.name + ")"));
}

} // namespace cimtlm
