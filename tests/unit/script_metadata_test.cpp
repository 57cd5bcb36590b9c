#include "../../cli/script_metadata.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include <pysandbox/error.hpp>

#include "../../cli/requirement_words.hpp"
#include "../../cli/version_specifier.hpp"

namespace pysandbox::cli {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

template <class Action>
std::string message_of(Action action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing was thrown";
}

std::string refusal_of(const std::string& block) {
  return message_of([&] { read_script_metadata("# /// script\n" + block + "# ///\n"); });
}

TEST(ScriptMetadata, IsReadFromTheBlock) {
  const ScriptMetadata metadata = read_script_metadata(
      "#!/usr/bin/env python3\n"
      "# /// script\n"
      "# requires-python = \">=3.11\"\n"
      "# dependencies = [\n"
      "#   \"requests<3\",\n"
      "#   'rich; python_version > \"3.8\"',\n"
      "# ]\n"
      "#\n"
      "# [tool.other]\n"
      "# dependencies = 3\n"
      "# ///\n"
      "import requests\n");
  EXPECT_EQ(metadata.requires_python, ">=3.11");
  EXPECT_THAT(metadata.dependencies, ElementsAre("requests<3", "rich; python_version > \"3.8\""));
}

TEST(ScriptMetadata, IsReadFromLinesThatEndAsOnWindows) {
  EXPECT_THAT(read_script_metadata("# /// script\r\n# dependencies = [\"a\"]\r\n# ///\r\nx\r\n").dependencies,
              ElementsAre("a"));
}

TEST(ScriptMetadata, IsNothingWithoutAWholeBlock) {
  for (const char* code :
       {"", "print(1)", "# /// script", "# /// script\n# dependencies = [\"a\"]\nprint(1)\n# ///\n",
        "#/// script\n# dependencies = [\"a\"]\n# ///\n", "# /// scripted\n# dependencies = [\"a\"]\n# ///\n",
        " # /// script\n # dependencies = [\"a\"]\n # ///\n", "# /// script\n#dependencies = [\"a\"]\n# ///\n",
        "# /// other\n# dependencies = 3\n# ///\n"}) {
    EXPECT_EQ(read_script_metadata(code), ScriptMetadata{}) << code;
  }
}

TEST(ScriptMetadata, GoesOnToTheLastEndOfItsComment) {
  const std::string code = "# /// script\n# x = '''\n# ///\n# '''\n# dependencies = ['a']\n# ///\n";
  EXPECT_THAT(read_script_metadata(code).dependencies, ElementsAre("a"));
}

TEST(ScriptMetadata, IsRefusedTwice) {
  const std::string block = "# /// script\n# dependencies = []\n# ///\n";
  EXPECT_THAT(message_of([&] { read_script_metadata(block + "\n" + block); }), HasSubstr("twice"));
}

TEST(ScriptMetadata, IsRefusedWithTheLineThatIsWrong) {
  EXPECT_THAT(refusal_of("# requires-python = '>=3'\n# dependencies = [\"a\"\n"), HasSubstr("is no TOML: line"));
  EXPECT_THAT(refusal_of("# dependencies = \"a\"\n"), AllOf(HasSubstr("no array"), HasSubstr("--no-script-metadata")));
  EXPECT_THAT(refusal_of("# dependencies = [1]\n"), HasSubstr("no array of strings"));
  EXPECT_THAT(refusal_of("# requires-python = 3.11\n"), HasSubstr("no string"));
}

TEST(VersionSpecifier, ComparesAsThePepSays) {
  for (const char* specifiers :
       {"", ">=3.8", ">=3.11.2", "<=3.11.2", "==3.11.2", "==3.11.*", "==3.*", "~=3.10", "~=3.11.0", ">3.11", "<4",
        "!=3.9.*", ">=3.8,<4", " >= 3.8 , != 3.12.* ", "===3.11.2", "==3.11.2.0", ">3.11.1"}) {
    EXPECT_TRUE(satisfies("3.11.2", specifiers)) << specifiers;
  }
  for (const char* specifiers : {">=3.12", "<3.11", "<3.11.2", ">3.11.2", "==3.11", "==3.1.*", "~=3.12", "~=3.10.0",
                                 "!=3.11.2", "!=3.*", ">=3.8,<3.11", ">=4"}) {
    EXPECT_FALSE(satisfies("3.11.2", specifiers)) << specifiers;
  }
  EXPECT_TRUE(satisfies("3.13.0rc1", ">=3.13"));
  EXPECT_TRUE(satisfies("3.11", "==3.11.0"));
}

TEST(VersionSpecifier, IsRefusedIfItIsNone) {
  for (const char* specifiers :
       {"3.11", "=3.11", ">=", ">=x", ">=3.*", "~=3", "=>3.8", "^3.8", ">=3.8;", ">=3.8,oops"}) {
    EXPECT_THAT(message_of([&] { satisfies("3.11.2", specifiers); }), HasSubstr("no version specifier")) << specifiers;
  }
}

TEST(RequirementWords, AreSplitWhereANewOneBegins) {
  EXPECT_THAT(split_requirements("pandas"), ElementsAre("pandas"));
  EXPECT_THAT(split_requirements("pandas,numpy, six"), ElementsAre("pandas", "numpy", "six"));
  EXPECT_THAT(split_requirements("pandas>=2,<3,numpy"), ElementsAre("pandas>=2,<3", "numpy"));
  EXPECT_THAT(split_requirements("a[x,y]>=1, !=1.5,b"), ElementsAre("a[x,y]>=1, !=1.5", "b"));
  EXPECT_THAT(split_requirements("a; python_version in '3.8,3.9',b"),
              ElementsAre("a; python_version in '3.8,3.9'", "b"));
  EXPECT_THAT(split_requirements(""), ElementsAre("")) << "which whoever reads it refuses";
}

}  // namespace
}  // namespace pysandbox::cli
