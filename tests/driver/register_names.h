#pragma once
/// What driver/cim_registers.h defines and what docs/registers.md tables, as names to compare.
#include <map>
#include <string>
#include <vector>

/// A register, a bit, a word, a code or another constant.
struct register_name {
    std::string kind;   ///< offset, bit, word, code, value
    std::string access; ///< of registers
    unsigned long number = 0;
};

using register_names = std::multimap<std::string, register_name>;

/// Throws std::runtime_error at a line that it does not understand.
register_names names_of_header(const std::string& text);
register_names names_of_document(const std::string& text);

/// What one has and the other has not, or otherwise; a sentence each.
std::vector<std::string> differences(const register_names& header, const register_names& document);

/// Names in the text of the document that the header does not have; CIM_X_* stands for all that begin so.
std::vector<std::string> unknown_names(const register_names& header, const std::string& document);
