#pragma once
/// Statistics as gem5 has them: a dotted name, a value, a unit, a description. Pulled, never pushed.
#include <string>
#include <utility>
#include <vector>

namespace cimtlm {

/// The list that modules append to when they are asked. Nothing depends on a simulator's end.
class statistics {
public:
    struct entry {
        std::string name; ///< "dram.bytes_read"
        double value;
        std::string unit; ///< "byte", "ps", "pJ", "count", "ratio"
        std::string description;
    };
    void add(std::string name, double value, std::string unit, std::string description) {
        entries_.push_back({std::move(name), value, std::move(unit), std::move(description)});
    }
    const std::vector<entry>& entries() const { return entries_; }

private:
    std::vector<entry> entries_;
};

} // namespace cimtlm
