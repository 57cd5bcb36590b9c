#include "value/requirement.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include <pysandbox/environment_store.hpp>
#include <pysandbox/error.hpp>

namespace pysandbox {
namespace {

using ::testing::HasSubstr;

struct Accepted {
  std::string text;
  std::string canonical;
};

const std::vector<Accepted> accepted{
    {"numpy", "numpy"},
    {"  numpy\t", "numpy"},
    {"Scikit_Learn", "scikit-learn"},
    {"a", "a"},
    {"0x0", "0x0"},
    {"zope.interface", "zope-interface"},
    {"a--b__c..d", "a-b-c-d"},
    {"numpy==2.*", "numpy==2.*"},
    {"numpy == 2.4.0", "numpy==2.4.0"},
    {"numpy>=2,<3", "numpy<3,>=2"},
    {"numpy<3 , >= 2", "numpy<3,>=2"},
    {"numpy>=2,>=2", "numpy>=2"},
    {"numpy (>=2,<3)", "numpy<3,>=2"},
    {"numpy(==2)", "numpy==2"},
    {"numpy~=2.1", "numpy~=2.1"},
    {"numpy!=2.0.1", "numpy!=2.0.1"},
    {"numpy!=2.0.*", "numpy!=2.0.*"},
    {"numpy===2.0", "numpy===2.0"},
    {"numpy==V1.0", "numpy==v1.0"},
    {"a==1!2.0", "a==1!2.0"},
    {"a==1.0a1", "a==1.0a1"},
    {"a==1.0-alpha.1", "a==1.0-alpha.1"},
    {"a==1.0RC2", "a==1.0rc2"},
    {"a==1.0.post1", "a==1.0.post1"},
    {"a==1.0-1", "a==1.0-1"},
    {"a==1.0.dev3", "a==1.0.dev3"},
    {"a==1.0a1.post2.dev3", "a==1.0a1.post2.dev3"},
    {"a==1.0+ubuntu.1", "a==1.0+ubuntu.1"},
    {"a==2026.6", "a==2026.6"},
    {"pandas[excel]", "pandas[excel]"},
    {"pandas [ Excel , parquet ]", "pandas[excel,parquet]"},
    {"pandas[parquet,excel,excel]>=2", "pandas[excel,parquet]>=2"},
    {"pandas[]", "pandas"},
    {"a;python_version>'3.8'", "a ; python_version > \"3.8\""},
    {"a ; python_version >= \"3.8\" and sys_platform == 'linux'",
     "a ; python_version >= \"3.8\" and sys_platform == \"linux\""},
    {"a;(os_name=='posix' or os_name=='nt') and extra=='x'",
     "a ; ( os_name == \"posix\" or os_name == \"nt\" ) and extra == \"x\""},
    {"a;'linux' in sys_platform", "a ; \"linux\" in sys_platform"},
    {"a;sys_platform not in 'win32,cygwin'", "a ; sys_platform not in \"win32,cygwin\""},
    {"a>1;platform_machine!='x;y'", "a>1 ; platform_machine != \"x;y\""},
    {"a;implementation_name=='cpython'", "a ; implementation_name == \"cpython\""},
    {"a;python_full_version~='3.11.2'", "a ; python_full_version ~= \"3.11.2\""},
};

// What security reviews of installers list, and what people mistype.
const std::vector<std::string> refused{
    "",
    " ",
    "-r/etc/passwd",
    "-r /etc/passwd",
    "--index-url=http://evil",
    "--index-url",
    "-e .",
    "--config-settings=a=b",
    "--target=/",
    "--find-links=/",
    "-c constraints.txt",
    "@file",
    "numpy --pre",
    "numpy -r x",
    " --pre",
    "numpy\n--index-url http://evil",
    "numpy\r--pre",
    "numpy\\\n--pre",
    "numpy # comment",
    "pkg @ file:///etc",
    "pkg@http://x/y.whl",
    "pkg @ git+ssh://x/y",
    "git+https://x/y",
    "hg+http://x/y",
    "http://x/y.whl",
    "./local",
    "../local",
    "/abs/local",
    "C:\\local",
    "local/dir",
    "local.whl/",
    "~/x",
    "numpy;",
    "numpy; ",
    "numpy;--pre",
    "numpy;python_version",
    "numpy;python_version>",
    "numpy;python_version>3.8",
    "numpy;python_version>'3.8",
    "numpy;'a'=='b'",
    "numpy;unknown=='b'",
    "numpy;python_version>'3' extra",
    "numpy;python_version>'3';--pre",
    "numpy;(python_version>'3'",
    "numpy;python_version>'3')",
    "numpy;python_version not '3'",
    "numpy;os.system('x')=='y'",
    "numpy;__import__('os')",
    "numpy;python_version>'3' and",
    "numpy;python_version=>'3'",
    "numpy;python_version>'\n'",
    "numpy=",
    "numpy=1",
    "numpy==",
    "numpy==x",
    "numpy==1.*.2",
    "numpy>=1.*",
    "numpy>1 2",
    "numpy>=1,",
    "numpy>=1,,<2",
    "numpy==1+",
    "numpy==1..2",
    "numpy==1!",
    "numpy==$(id)",
    "numpy==`id`",
    "numpy==1;rm -rf x",
    "numpy(>1",
    "numpy>1)",
    "numpy()x",
    "[x]",
    "numpy[",
    "numpy[x",
    "numpy[x,]y",
    "numpy[x y]",
    "numpy[-x]",
    "numpy[../x]",
    "-numpy",
    "numpy-",
    "_numpy",
    "numpy.",
    ".numpy",
    "num py",
    "num,py",
    "num|py",
    "num&py",
    "num$py",
    "num'py",
    "n\xc3\xbcmpy",
    "numpy\xe2\x80\x8b",
    "numpy\x7f",
    "\x1b[31mnumpy",
    "${HOME}",
    "%41",
    "*",
    "==1.0",
};

TEST(Requirement, HasOneSpellingForEachMeaning) {
  for (const auto& one : accepted) {
    EXPECT_EQ(parse_requirement(one.text).text(), one.canonical) << one.text;
    EXPECT_EQ(parse_requirement(one.canonical).text(), one.canonical) << "again: " << one.canonical;
  }
}

TEST(Requirement, IsNothingElse) {
  for (const auto& text : refused) {
    try {
      const Requirement requirement = parse_requirement(text);
      ADD_FAILURE() << "accepted: " << text << " as " << requirement.text();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::invalid_request);
      EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
    }
  }
}

TEST(Requirement, RefusesBytesThatEndTextsElsewhere) {
  EXPECT_THROW(parse_requirement(std::string_view("numpy\0", 6)), Error);
  EXPECT_THROW(parse_requirement("numpy" + std::string(600, ' ')), Error);
  EXPECT_THROW(parse_requirement("a;" + std::string(100, '(') + "os_name=='x'" + std::string(100, ')')), Error);
}

TEST(Requirement, QuotesWhatItRefuses) {
  try {
    parse_requirement("--index-url http://evil");
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("'--index-url http://evil'"));
    EXPECT_THAT(error.what(), HasSubstr("options are not allowed"));
  }
}

TEST(Requirement, ASetIsTheSameInAnyOrder) {
  EXPECT_EQ(canonical_requirements({"B", "a>=1", "b", "a >= 1"}), (std::vector<std::string>{"a>=1", "b"}));
}

TEST(EnvironmentRequestCheck, KnowsCuratedSetsAndDigests) {
  EXPECT_NO_THROW(check_environment_request({.name = "data-science"}));
  EXPECT_NO_THROW(check_environment_request({.packages = {"polars"}, .name = "data-science"}));
  EXPECT_NO_THROW(check_environment_request({.name = "0123abcd"}));
  EXPECT_NO_THROW(check_environment_request({}));
  EXPECT_THROW(check_environment_request({.name = "0123abc"}), Error);
  EXPECT_THROW(check_environment_request({.name = "data-sciense"}), Error);
  EXPECT_THROW(check_environment_request({.name = "../x"}), Error);
  EXPECT_THROW(check_environment_request({.packages = {"numpy"}, .name = "0123abcd"}), Error);
  EXPECT_THROW(check_environment_request({.packages = std::vector<std::string>(101, "numpy")}), Error);
  EXPECT_THROW(check_environment_request({.packages = {"numpy", "-e ."}}), Error);
}

}  // namespace
}  // namespace pysandbox
