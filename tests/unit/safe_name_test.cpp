#include "environment/safe_name.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "value/text.hpp"

namespace pysandbox {
namespace {

using namespace std::string_literals;

TEST(SafeName, KeepsGoodNames) {
  for (const char* name : {"a.csv", "a", "a b (1).tar.gz",
                           "Gr\xC3\xBC\xC3\x9F"
                           "e.csv",
                           "\xE2\x82\xAC.txt", "it's.csv", "a..b", "-x", "a.", "~a", "%41", "a:b|c?"}) {
    EXPECT_EQ(safe_name(name), name);
  }
}

TEST(SafeName, MakesOthersSafe) {
  const std::pair<std::string, std::string> cases[] = {{"", "input"},
                                                       {".", "input"},
                                                       {"..", "input"},
                                                       {"...", "input"},
                                                       {" ", "input"},
                                                       {"/", "input"},
                                                       {"a/", "input"},
                                                       {"../", "input"},
                                                       {"../../etc/passwd", "passwd"},
                                                       {"/abs/a.csv", "a.csv"},
                                                       {"C:\\data\\a.csv", "a.csv"},
                                                       {"..\\..\\a", "a"},
                                                       {"a/..\\b", "b"},
                                                       {".bashrc", "bashrc"},
                                                       {"..hidden", "hidden"},
                                                       {". .a", "a"},
                                                       {" a ", "a"},
                                                       {"a\0b"s, "a_b"},
                                                       {"a\nb", "a_b"},
                                                       {"\x1b[31m", "_[31m"},
                                                       {"a\x7f", "a_"},
                                                       {"a\xFF"
                                                        "b",
                                                        "a_b"},
                                                       {"\xC0\xAF", "__"},
                                                       {"a\xC3", "a_"},
                                                       {"\xE2\x80\xAE"
                                                        "gpj.exe",
                                                        "___gpj.exe"},
                                                       {"a\xC2\x85"
                                                        "b",
                                                        "a__b"}};
  for (const auto& [name, safe] : cases) EXPECT_EQ(safe_name(name), safe) << testing::PrintToString(name);
}

TEST(SafeName, CutsLongNamesAndKeepsTheExtension) {
  EXPECT_EQ(safe_name(std::string(255, 'a')), std::string(255, 'a'));
  EXPECT_EQ(safe_name(std::string(300, 'a') + ".csv"), std::string(251, 'a') + ".csv");
  EXPECT_EQ(safe_name("a." + std::string(300, 'b')), "a." + std::string(253, 'b'));
  EXPECT_EQ(safe_name(std::string(254, 'a') + " b"), std::string(254, 'a')) << "no space at the end";
  std::string euros;
  for (int i = 0; i < 100; ++i) euros += "\xE2\x82\xAC";
  const std::string cut = safe_name("x" + euros + ".csv");
  EXPECT_EQ(cut.size(), 1 + 83 * 3 + 4U) << "no half character";
  EXPECT_FALSE(find_invalid_utf8(cut));
}

TEST(SafeName, NumbersNamesThatAreTaken) {
  TakenNames names;
  names.add_path("main.py");
  names.add_path("data/x/y.csv");
  EXPECT_EQ(names.take("a.csv"), "a.csv");
  EXPECT_EQ(names.take("/other/a.csv"), "a (2).csv");
  EXPECT_EQ(names.take("a.csv"), "a (3).csv");
  EXPECT_EQ(names.take("a (2).csv"), "a (2) (2).csv");
  EXPECT_EQ(names.take("main.py"), "main (2).py");
  EXPECT_EQ(names.take("data"), "data (2)") << "a directory has that name";
  EXPECT_EQ(names.take("y.csv"), "y.csv") << "in another directory there is room";
  EXPECT_EQ(names.take(".."), "input");
  EXPECT_EQ(names.take(""), "input (2)");
  const std::string longest = std::string(251, 'a') + ".csv";
  EXPECT_EQ(names.take(longest), longest);
  EXPECT_EQ(names.take(longest), std::string(247, 'a') + " (2).csv");
}

}  // namespace
}  // namespace pysandbox
