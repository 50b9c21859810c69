#include "register_names.h"

#include <regex>
#include <set>
#include <sstream>
#include <stdexcept>

namespace {

/// By the way in which the header writes it: registers as three hexadecimal digits, bits as shifts.
std::string kind_of(const std::string& name, const std::string& value) {
    static const std::regex offset("0x[0-9a-f]{3}u"), code("CIM_(MACRO_|ADC_)?ERROR_\\w+");
    if (value[0] == '(') return "bit";
    if (std::regex_match(value, offset)) return "offset";
    if (name.rfind("CIM_WORD_", 0) == 0) return "word";
    if (std::regex_match(name, code)) return "code";
    return "value";
}

std::string number(unsigned long n) {
    std::ostringstream out;
    out << n << " (0x" << std::hex << n << ")";
    return out.str();
}

std::vector<std::string> cells_of(const std::string& row) {
    std::vector<std::string> cells;
    std::string cell;
    for (std::size_t i = 1; i < row.size(); ++i) {
        if (row[i] == '|' && row[i - 1] != '\\') {
            const auto first = cell.find_first_not_of(" `"), last = cell.find_last_not_of(" `");
            cells.push_back(first == std::string::npos ? "" : cell.substr(first, last - first + 1));
            cell.clear();
        } else {
            cell += row[i];
        }
    }
    return cells;
}

} // namespace

register_names names_of_header(const std::string& text) {
    static const std::regex define("#define (\\w+)\\s+(\\(1u << (\\d+)\\)|(?:0x[0-9a-f]+|\\d+)u)(?:\\s+/\\*\\s*(.*))?");
    static const std::regex access("((read|write)[^:.]*?)( \\*/|:.*)?");
    register_names names;
    std::string group; // access of all registers below a comment of its own line
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        if (line.rfind("/* ", 0) == 0) group = line.find("read only. */") != std::string::npos ? "read" : "";
        if (line.rfind("#define CIM_REGISTERS_H", 0) == 0 || line.rfind("#define", 0) != 0) continue;
        std::smatch m;
        if (!std::regex_match(line, m, define)) throw std::runtime_error("no such definition: " + line);
        register_name n;
        n.kind = kind_of(m[1], m[2]);
        n.number = std::stoul(m[3].matched ? m[3] : m[2], nullptr, 0);
        if (n.kind == "offset") {
            n.access = group;
            const std::string comment = m[4];
            std::smatch a;
            if (group.empty() && std::regex_match(comment, a, access)) n.access = a[1];
        }
        names.emplace(m[1], n);
    }
    return names;
}

register_names names_of_document(const std::string& text) {
    register_names names;
    std::vector<std::string> titles; // of the present table
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        if (line.empty() || line[0] != '|') {
            titles.clear();
            continue;
        }
        const auto cells = cells_of(line);
        if (titles.empty()) {
            titles = cells;
            continue;
        }
        if (cells[0].rfind("CIM_", 0) != 0) continue;
        if (cells.size() != titles.size()) throw std::runtime_error("cells are missing: " + line);
        register_name n;
        n.kind = titles.at(1);
        try {
            n.number = std::stoul(cells[1], nullptr, 0);
        } catch (const std::exception&) {
            throw std::runtime_error("no number: " + line);
        }
        for (std::size_t i = 0; i < titles.size(); ++i)
            if (titles[i] == "access") n.access = cells[i];
        names.emplace(cells[0], n);
    }
    return names;
}

std::vector<std::string> differences(const register_names& header, const register_names& document) {
    std::vector<std::string> found;
    for (const auto& [name, n] : header) {
        if (header.count(name) > 1) found.push_back(name + " is defined twice");
        const auto d = document.find(name);
        if (d == document.end()) {
            found.push_back(name + " is not in the document");
            continue;
        }
        if (document.count(name) > 1) found.push_back(name + " is in two tables");
        if (d->second.kind != n.kind) found.push_back(name + " is in a table of " + d->second.kind + ", not " + n.kind);
        if (d->second.number != n.number)
            found.push_back(name + " is " + number(n.number) + ", in the document " + number(d->second.number));
        if (d->second.access != n.access)
            found.push_back(name + " is '" + n.access + "', in the document '" + d->second.access + "'");
    }
    for (const auto& [name, n] : document)
        if (!header.count(name)) found.push_back(name + " is not in the header");
    return found;
}

std::vector<std::string> unknown_names(const register_names& header, const std::string& document) {
    static const std::regex word("CIM_[A-Z0-9_]+\\*?");
    std::set<std::string> unknown;
    for (std::sregex_iterator i(document.begin(), document.end(), word), end; i != end; ++i) {
        std::string name = i->str();
        const bool all = name.back() == '*';
        if (all) name.pop_back();
        const auto at = all ? header.lower_bound(name) : header.find(name);
        if (at == header.end() || (all && at->first.rfind(name, 0) != 0)) unknown.insert(i->str());
    }
    return {unknown.begin(), unknown.end()};
}
