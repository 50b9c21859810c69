#pragma once
/// What a guest writes: on to the user, and the results in it.
#include <map>
#include <ostream>
#include <string>

namespace cimtlm {

/// Text of a guest, character by character. A line `name = number` is a result of the guest: name of lower-case
/// letters, digits, '_' and '.', a decimal number that is finite.
class console {
public:
    /// `out` outlives the console; null: the text goes nowhere.
    explicit console(std::ostream* out)
        : out_(out) {}

    void write(char c);
    /// The last value of each name. The text is out then, its last line, too.
    const std::map<std::string, double>& results() const {
        if (out_) out_->flush();
        return results_;
    }

private:
    void read_line();

    std::ostream* out_;
    std::string line_;
    std::map<std::string, double> results_;
};

} // namespace cimtlm
