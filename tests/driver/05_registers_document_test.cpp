/// Do driver/cim_registers.h and docs/registers.md say the same, and would the comparison see if they did not?
#include "register_names.h"

#include <gtest/gtest.h>

#include <fstream>
#include <regex>
#include <sstream>

namespace {

std::string read(const std::string& path) {
    std::ifstream stream(std::string(CIMTLM_SOURCE_DIR) + path);
    std::ostringstream text;
    text << stream.rdbuf();
    return text.str();
}

std::string header() { return read("/driver/cim_registers.h"); }
std::string document() { return read("/docs/registers.md"); }

std::string lines(const std::vector<std::string>& all) {
    std::string text;
    for (const auto& line : all) text += line + "\n";
    return text;
}

TEST(registers_document, agrees_with_the_header) {
    const auto names = names_of_header(header());
    EXPECT_GT(names.size(), 150u);
    EXPECT_EQ(lines(differences(names, names_of_document(document()))), "");
    EXPECT_EQ(lines(unknown_names(names, document())), "");
}

TEST(registers_document, comments_of_the_header_name_what_there_is) {
    EXPECT_EQ(lines(unknown_names(names_of_header(header()),
                                  std::regex_replace(header(), std::regex("CIM_REGISTERS_H"), ""))),
              "");
}

TEST(registers_document, every_register_has_an_access) {
    for (const auto& [name, n] : names_of_header(header())) EXPECT_EQ(n.access.empty(), n.kind != "offset") << name;
}

TEST(registers_document, registers_lie_side_by_side) {
    const auto target_of = [](const std::string& name) {
        for (const char* target : {"CIM_MACRO_", "CIM_ADC_"})
            if (name.rfind(target, 0) == 0) return std::string(target);
        return std::string("CIM_");
    };
    for (const char* target : {"CIM_", "CIM_MACRO_", "CIM_ADC_"}) {
        std::map<unsigned long, std::string> at;
        for (const auto& [name, n] : names_of_header(header())) {
            if (n.kind != "offset" || target_of(name) != target) continue;
            EXPECT_EQ(n.number % 4, 0u) << name;
            EXPECT_TRUE(at.emplace(n.number, name).second) << name << " and " << at[n.number];
            if (name.rfind("CIM_COUNT_", 0) == 0) {
                EXPECT_EQ(n.number % 8, 0u) << name;
                EXPECT_TRUE(at.emplace(n.number + 4, name).second) << name << "'s upper half, " << at[n.number + 4];
            }
            if (name == "CIM_DESCRIPTOR") {
                for (unsigned i = 1; i < 32; ++i)
                    EXPECT_TRUE(at.emplace(n.number + 4 * i, name).second) << at[n.number + 4 * i];
            }
        }
        EXPECT_GT(at.size(), 15u) << target;
    }
}

/// Each line of the header changed in each way: the comparison has to see it.
TEST(registers_document, every_change_of_the_header_is_seen) {
    const std::string original = header();
    const auto documented = names_of_document(document());
    ASSERT_EQ(lines(differences(names_of_header(original), documented)), "");
    const auto seen = [&](const std::string& changed) {
        if (changed == original) return false;
        try {
            return !differences(names_of_header(changed), documented).empty();
        } catch (const std::runtime_error&) {
            return true;
        }
    };
    const std::regex define(
        "#define (CIM_(?!REGISTERS_H)\\w+) +(\\(1u << (\\d+)\\)|(0x[0-9a-f]+|\\d+)u)( +/\\* *(read; "
        "write[^:]*|read, write|read|write)(?=[:. ]))?");
    unsigned changes = 0;
    for (std::sregex_iterator i(original.begin(), original.end(), define), end; i != end; ++i) {
        const auto with = [&](int group, const std::string& text) {
            std::string changed = original;
            changed.replace(static_cast<std::size_t>(i->position(group)), static_cast<std::size_t>(i->length(group)),
                            text);
            return changed;
        };
        const std::string name = (*i)[1], value = (*i)[2];
        EXPECT_TRUE(seen(with(0, "// " + i->str()))) << name << " is gone";
        EXPECT_TRUE(seen(with(1, name + "_NEW"))) << name << " has another name";
        EXPECT_TRUE(seen(with(0, i->str() + "\n#define CIM_NEW 1u"))) << "a new name after " << name;
        if ((*i)[3].matched) {
            EXPECT_TRUE(seen(with(3, std::to_string(std::stoul((*i)[3]) + 1)))) << name << " is another bit";
            EXPECT_TRUE(seen(with(2, std::to_string(1ul << std::stoul((*i)[3])) + "u"))) << name << " is not a bit";
        } else {
            const auto other = std::stoul(value, nullptr, 0) ^ 4;
            std::ostringstream text;
            if (value.rfind("0x", 0) == 0) text << "0x" << std::hex;
            text.fill('0');
            text.width(value.rfind("0x", 0) == 0 ? static_cast<int>(value.size()) - 3 : 0);
            text << other << 'u';
            EXPECT_TRUE(seen(with(2, text.str()))) << name << " is " << text.str();
        }
        ++changes;
    }
    EXPECT_EQ(changes, documented.size());
}

TEST(registers_document, every_change_of_an_access_is_seen) {
    const std::string original = header();
    const auto documented = names_of_document(document());
    const std::regex access(
        "(#define CIM_\\w+ +0x[0-9a-f]{3}u +/\\* )(read; write [^:]*|read, write|read|write)([: ])");
    unsigned changes = 0;
    for (std::sregex_iterator i(original.begin(), original.end(), access), end; i != end; ++i, ++changes)
        for (const char* other : {"read", "write", "read, write", "read; write 1 to clear"}) {
            if ((*i)[2] == other) continue;
            std::string changed = original;
            changed.replace(static_cast<std::size_t>(i->position(2)), static_cast<std::size_t>(i->length(2)), other);
            EXPECT_FALSE(differences(names_of_header(changed), documented).empty()) << i->str() << " is " << other;
        }
    EXPECT_GT(changes, 25u);
    EXPECT_FALSE(
        differences(names_of_header(std::regex_replace(original, std::regex("read only\\."), "")), documented).empty());
}

TEST(registers_document, every_change_of_the_document_is_seen) {
    const auto names = names_of_header(header());
    const std::string original = document();
    std::istringstream stream(original);
    std::size_t begin = 0;
    for (std::string line; std::getline(stream, line); begin += line.size() + 1) {
        if (line.rfind("| `CIM_", 0) != 0) continue;
        std::string gone = original, twice = original;
        gone.erase(begin, line.size() + 1);
        twice.insert(begin, line + "\n");
        EXPECT_FALSE(differences(names, names_of_document(gone)).empty()) << line;
        EXPECT_FALSE(differences(names, names_of_document(twice)).empty()) << line;
    }
    EXPECT_EQ(lines(unknown_names(names, "`CIM_CONTROL_ENABEL`, `CIM_FLAGS_*`, `CIM_FLAG_*`, `CIM_ID`")),
              "CIM_CONTROL_ENABEL\nCIM_FLAGS_*\n");
}

} // namespace
