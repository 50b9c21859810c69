/// What is no configuration is refused with its place, and never takes the program down.
#include "config_test_tools.h"

#include <platforms/config/node.h>

using namespace cimtlm;
using namespace cimtlm::config_test;

namespace {

std::string refused_text(const std::string& text) {
    return refusal([&] { parse_config(text, "f.yaml"); });
}

TEST(files, places_are_file_and_line) {
    const auto tree = parse_config("a: 1\nb:\n  - x\n  - y: 2\n", "f.yaml");
    EXPECT_EQ(tree.find("a")->place.text(), "f.yaml:1");
    EXPECT_EQ(tree.find("b")->items[1].find("y")->place.text(), "f.yaml:4");
}

TEST(files, empty_and_non_map_files) {
    EXPECT_EQ(refused_text(""), "f.yaml: the file is empty");
    EXPECT_EQ(refused_text("# only this\n"), "f.yaml: the file is empty");
    EXPECT_EQ(refused_text("- a\n- b\n"), "f.yaml:1: the file must hold a map of 'key: value' lines");
    EXPECT_EQ(refused_text("text"), "f.yaml:1: the file must hold a map of 'key: value' lines");
    EXPECT_EQ(refused_text("a: 1\n---\nb: 1\n"),
              "f.yaml:2: a second document ('---'): one file holds one configuration");
}

TEST(files, duplicate_keys_name_both_lines) {
    EXPECT_EQ(refused_text("a: 1\nb: 2\na: 3\n"), "f.yaml:3: key 'a' stands twice in one map (first in line 1)");
    EXPECT_EQ(refused_text("m: {a: 1, a: 2}\n"), "f.yaml:1: key 'a' stands twice in one map (first in line 1)");
    EXPECT_EQ(refused_text("m: {a: 1}\nn: {a: 2}\n"), "");
}

TEST(files, odd_yaml) {
    EXPECT_EQ(refused_text("? [a, b]\n: 1\n"), "f.yaml:1: a map or a list as a key (or a bracket without its end)");
    EXPECT_EQ(refused_text("~: 1\n"), "f.yaml:1: an empty key");
    EXPECT_EQ(refused_text("a: !!int 1\n"),
              "f.yaml:1: a tag ('tag:yaml.org,2002:int'): the type of a value follows from its key");
    EXPECT_NE(refused_text("a: !x {b: 1}\n"), "");
    EXPECT_EQ(refused_text("a: 1\nb: [1, 2\n").substr(0, 7), "f.yaml:");
    EXPECT_EQ(refused_text("a: *nowhere\n").substr(0, 19), "f.yaml:1: not YAML:");
    for (const auto* open : {"a: \"open", "a: \"open\n", "a: 'open\nb: 3\n\n", "a: \"open\\\n"})
        EXPECT_EQ(refused_text(open).substr(0, 7), "f.yaml:") << open;
    EXPECT_NE(refused_text("a: 1\n\tb: 2\n"), "");
}

TEST(files, binary_junk) {
    EXPECT_EQ(refused_text(std::string("a: 1\nb\0c: 2\n", 12)),
              "f.yaml:2: a control character: this is not a text file");
    EXPECT_EQ(refused_text("\x7f"
                           "ELF\x02\x01"),
              "f.yaml:1: a control character: this is not a text file");
    EXPECT_NE(refused_text("\xff\xfe\xfd\xfc"), "");
    EXPECT_NE(refused_text(std::string(config_most_bytes + 1, 'a')), "");
}

TEST(files, deep_nesting) {
    EXPECT_EQ(refused_text("a: " + std::string(31, '[') + std::string(31, ']')), "");
    EXPECT_EQ(refused_text("a: " + std::string(32, '[') + std::string(32, ']')),
              "f.yaml:1: nested deeper than 32 levels");
    for (const char* open : {"[", "{a: ", "- ", "? ", "[? "}) {
        std::string bomb;
        while (bomb.size() < 200000) bomb += open;
        EXPECT_NE(refused_text(bomb), "") << open;
    }
}

TEST(files, aliases_count_where_they_are_used) {
    const auto tree = parse_config("a: &x {b: 1}\nc: *x\n", "f.yaml");
    EXPECT_EQ(tree.find("c")->find("b")->scalar, "1");
    std::string laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
    for (int i = 1; i < 10; ++i) {
        const auto before = "*a" + std::to_string(i - 1);
        laughs += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
        for (int j = 0; j < 10; ++j) laughs += (j ? ", " : "") + before;
        laughs += "]\n";
    }
    EXPECT_EQ(refused_text(laughs), "f.yaml:5: more than 20000 values (aliases counted where they are used)");
    std::string chain = "a0: &a0 [x]\n";
    for (int i = 1; i < 40; ++i)
        chain += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [*a" + std::to_string(i - 1) + "]\n";
    EXPECT_EQ(refused_text(chain), "f.yaml:31: nested deeper than 32 levels");
    EXPECT_EQ(refused_text("a: &x [*x]\n"), "f.yaml:1: an alias inside the value that it names");
}

TEST(files, what_is_no_file) {
    const scratch_folder folder;
    EXPECT_EQ(refusal([&] { load_machine(folder.path("none.yaml")); }),
              "machine file '" + folder.path("none.yaml") + "' does not exist");
    std::filesystem::create_directory(folder.path("dir.yaml"));
    EXPECT_EQ(refusal([&] { load_machine(folder.path("dir.yaml")); }),
              folder.path("dir.yaml") + ": a directory, not a file");
    EXPECT_EQ(refusal([&] { load_machine("/dev/zero"); }), "/dev/zero: not a regular file");
    const auto empty = folder.write("empty.yaml", "");
    EXPECT_EQ(refusal([&] { load_machine(empty); }), empty + ": the file is empty");
    const auto large = folder.write("large.yaml", std::string(config_most_bytes + 1, '#'));
    EXPECT_EQ(refusal([&] { load_machine(large); }), large + ": larger than 1048576 bytes");
}

} // namespace
