#pragma once
/// Errors that a user can cause. A bug of ours is any other exception.
#include <cstddef>
#include <stdexcept>
#include <string>
#include <vector>

namespace cimtlm {

/// Wrong usage, configuration or trace: the program ends with status 2. The message names the place
/// ("file:line: key"), what is wrong and what is allowed.
class input_error : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// A machine cannot hold the work: the program ends with status 4. The message says what is missing.
class does_not_fit_error : public input_error {
public:
    using input_error::input_error;
};

/// The surroundings fail (disk full, unwritable folder): the program ends with status 3.
class environment_error : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// The candidate with the smallest edit distance to `name`, or "" when none is near
/// (more than a third of its letters differ). A beginning of at least three letters counts as near.
std::string nearest_name(const std::string& name, const std::vector<std::string>& candidates);

/// "unknown KIND 'NAME'; did you mean 'X'? allowed: a, b, c" with the list cut after `most` names.
std::string unknown_name(const std::string& kind, const std::string& name, const std::vector<std::string>& candidates,
                         std::size_t most = 24);

} // namespace cimtlm
