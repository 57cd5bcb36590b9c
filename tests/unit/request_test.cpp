#include <pysandbox/environment_store.hpp>
#include <pysandbox/error.hpp>
#include <pysandbox/job.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace pysandbox {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using namespace std::string_literals;

std::string refusal_of(const JobRequest& request, ErrorCode code = ErrorCode::invalid_request) {
  try {
    check_request(request);
  } catch (const Error& error) {
    EXPECT_EQ(to_string(error.code()), to_string(code)) << error.what();
    EXPECT_EQ(std::string_view(error.what()).find('\n'), std::string_view::npos);
    return error.what();
  }
  ADD_FAILURE() << "nothing was refused";
  return "";
}

JobRequest with_code(std::string code) { return {.code = std::move(code)}; }

JobRequest with_inputs(const std::vector<std::string>& paths) {
  JobRequest request;
  for (const std::string& path : paths) request.inputs.push_back({.path = path});
  return request;
}

std::string deep_path(int parts) {
  std::string path = "a";
  for (int part = 1; part < parts; ++part) path += "/a";
  return path;
}

TEST(Request, MayHoldAnEmptyProgram) { EXPECT_NO_THROW(check_request(JobRequest{})); }

TEST(Request, MayHoldAnyUtf8) {
  EXPECT_NO_THROW(check_request(with_code("print('Gr\xC3\xBC\xC3\x9F \xE2\x82\xAC \xF0\x9F\x90\x8D')\r\n\t\x0C")));
  EXPECT_NO_THROW(check_request(with_code("\xEF\xBB\xBFprint(1)")));
}

TEST(Request, RefusesANulInCodeAndSaysWhere) {
  EXPECT_THAT(refusal_of(with_code("pass\0"s)), AllOf(HasSubstr("NUL"), HasSubstr("byte 4")));
}

TEST(Request, RefusesCodeThatIsNotUtf8AndSaysWhere) {
  EXPECT_THAT(refusal_of(with_code("x = '\xFC'")), AllOf(HasSubstr("UTF-8"), HasSubstr("byte 5")));
  for (const char* wrong : {"\x80", "\xC0\x80", "\xC1\xBF", "\xC3", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xE2\x82",
                            "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF"}) {
    EXPECT_THAT(refusal_of(with_code("0123456789"s + wrong)), HasSubstr("byte 10")) << testing::PrintToString(wrong);
  }
}

TEST(Request, TakesCodeInTheEncodingThatItNames) {
  for (const char* comment : {"# coding: latin-1", "# -*- coding: latin-1 -*-",
                              "#!/usr/bin/python3\n# vim: set fileencoding=latin-1 :", " \t\n#coding=cp1252",
                              "#\r\n# coding: latin-1", "\xEF\xBB\xBF# coding: latin-1"}) {
    EXPECT_NO_THROW(check_request(with_code(comment + "\nx = '\xFC'"s))) << comment;
  }
}

TEST(Request, SeesNoEncodingWherePythonSeesNone) {
  for (const char* start : {"\n\n# coding: latin-1", "x = 1\n# coding: latin-1", "x = '# coding: latin-1'",
                            "# coding latin-1", "# coding :latin-1", "# coding:", "# Coding: latin-1"}) {
    EXPECT_THAT(refusal_of(with_code(start + "\nx = '\xFC'"s)), HasSubstr("UTF-8")) << start;
  }
}

TEST(Request, RefusesCodeOverTheMaximum) {
  EXPECT_NO_THROW(check_request(with_code(std::string(maximum_code_bytes, ' '))));
  EXPECT_THAT(refusal_of(with_code(std::string(maximum_code_bytes + 1, ' ')), ErrorCode::too_large),
              AllOf(HasSubstr("10485761"), HasSubstr("10485760")));
}

TEST(Request, TakesPathsBelowTheWorkspace) {
  const std::string part(255, 'p');
  EXPECT_NO_THROW(check_request(
      with_inputs({"a.csv", "data/b.csv", "data/c/d.csv", "..a", "...", " ", "-x", "Gr\xC3\xBC\xC3\x9F\x65"})));
  EXPECT_NO_THROW(check_request(with_inputs({part, "x/" + part, deep_path(16)})));
  EXPECT_NO_THROW(
      check_request(JobRequest{.code = "", .entry_point = "pkg/main.py", .inputs = {{.path = "pkg/a.py"}}}));
}

TEST(Request, RefusesPathsThatLeadElsewhere) {
  for (const std::string& path :
       {""s, "/etc/passwd"s, ".."s, "../a"s, "a/../b"s, "a/.."s, "."s, "./a"s, "a/./b"s, "a//b"s, "a/"s, "/"s, "a\0b"s,
        "a\xFF"s, std::string(256, 'p'), "d/" + std::string(256, 'p'), deep_path(17), deep_path(3000)}) {
    refusal_of(with_inputs({path}));
    refusal_of(JobRequest{.code = "", .entry_point = path});
  }
}

TEST(Request, RefusesTwoFilesOfOneName) {
  EXPECT_THAT(refusal_of(with_inputs({"b", "a", "c", "a"})), AllOf(HasSubstr("'a'"), HasSubstr("twice")));
  EXPECT_THAT(refusal_of(with_inputs({"main.py"})), AllOf(HasSubstr("main.py"), HasSubstr("entry_point")));
}

TEST(Request, RefusesAFileInAFile) {
  EXPECT_THAT(refusal_of(with_inputs({"a/b", "a"})), HasSubstr("'a/b' cannot lie in it"));
  EXPECT_THAT(refusal_of(with_inputs({"a", "a!", "a-b", "a/b/c"})), HasSubstr("'a/b/c' cannot lie in it"));
  EXPECT_THAT(refusal_of(with_inputs({"main.py/x"})), HasSubstr("'main.py' is a file"));
  EXPECT_THAT(refusal_of(JobRequest{.code = "", .entry_point = "a/b.py", .inputs = {{.path = "a"}}}),
              HasSubstr("'a' is a file"));
  EXPECT_NO_THROW(check_request(with_inputs({"a", "ab", "a!/b", "b/a"})));
}

TEST(Request, RefusesTooManyInputs) {
  std::vector<std::string> paths;
  for (std::size_t number = 0; number < maximum_inputs; ++number) paths.push_back(std::to_string(number));
  EXPECT_NO_THROW(check_request(with_inputs(paths)));
  paths.push_back("one more");
  EXPECT_THAT(refusal_of(with_inputs(paths), ErrorCode::too_large), AllOf(HasSubstr("101"), HasSubstr("100")));
}

TEST(Request, TakesContentOrSourceOfAnInput) {
  JobRequest request;
  request.inputs = {{.path = "a", .content = "\0\xFF"s}, {.path = "b", .source = "/no/such/file"}};
  EXPECT_NO_THROW(check_request(request)) << "no file is to be touched";
  request.inputs = {{.path = "a", .content = "x", .source = "/b"}};
  EXPECT_THAT(refusal_of(request), HasSubstr("more than one of content, source"));
  request.inputs = {{.path = "a", .source = "/b\0"s}};
  EXPECT_THAT(refusal_of(request), HasSubstr("NUL"));
  request.inputs = {{.path = "a", .source = "/\xFF"}};
  EXPECT_THAT(refusal_of(request), HasSubstr("UTF-8"));
}

TEST(Request, TakesAStoredFileOrAUrlWithoutAPath) {
  JobRequest request;
  request.inputs = {
      {.path = "", .file_id = "0123"},
      {.path = "", .url = "https://example.com/a.csv"},
      {.path = "", .url = "https://example.com/a.csv"},
      {.path = "named", .file_id = "0123"},
      {.path = "b", .url = "https://example.com/", .sha256 = std::string(32, 'a') + std::string(32, 'F')}};
  EXPECT_NO_THROW(check_request(request)) << "nobody is to be asked";
  request.inputs = {{.path = "", .content = "x"}};
  EXPECT_THAT(refusal_of(request), HasSubstr("empty"));
  request.inputs = {{.path = "", .source = "/a"}};
  EXPECT_THAT(refusal_of(request), HasSubstr("empty"));
  request.inputs = {{.path = "../a", .url = "https://example.com/"}};
  EXPECT_THAT(refusal_of(request), HasSubstr("'..'"));
  request.inputs = {{.path = "main.py", .file_id = "0123"}};
  EXPECT_THAT(refusal_of(request), HasSubstr("twice"));
}

TEST(Request, RefusesAnInputWithTwoOrigins) {
  const std::string x = "x";
  for (const InputFile& input :
       {InputFile{.path = "a", .content = x, .source = x}, InputFile{.path = "a", .content = x, .file_id = x},
        InputFile{.path = "a", .content = x, .url = x}, InputFile{.path = "a", .source = x, .file_id = x},
        InputFile{.path = "a", .source = x, .url = x}, InputFile{.path = "a", .file_id = x, .url = x},
        InputFile{.path = "a", .content = x, .source = x, .file_id = x, .url = x}}) {
    EXPECT_THAT(refusal_of({.code = "", .inputs = {input}}), AllOf(HasSubstr("more than one"), HasSubstr("'a'")));
  }
  EXPECT_THAT(refusal_of({.code = "", .inputs = {{.path = "", .file_id = x, .url = x}}}), HasSubstr("inputs[0]"));
}

TEST(Request, RefusesFileIdsAndUrlsThatNobodyCanHaveMeant) {
  for (const std::string& text :
       {"a\0b"s, "a\nb"s, "a\r\nb"s, "\x1b[31m"s, "a\tb"s, "a\x7f"s, "a\xFF"s, std::string(9000, 'a')}) {
    refusal_of({.code = "", .inputs = {{.path = "a", .file_id = text}}});
    refusal_of({.code = "", .inputs = {{.path = "", .url = text}}});
  }
}

TEST(Request, RefusesADigestThatIsNone) {
  const std::string url = "https://example.com/";
  for (const std::string& text :
       {"0"s, std::string(63, 'a'), std::string(65, 'a'), std::string(64, 'g'), " " + std::string(63, 'a')}) {
    EXPECT_THAT(refusal_of({.code = "", .inputs = {{.path = "a", .url = url, .sha256 = text}}}),
                AllOf(HasSubstr("64 hexadecimal digits"), HasSubstr("'a'")));
  }
  EXPECT_THAT(refusal_of({.code = "", .inputs = {{.path = "a", .file_id = "1", .sha256 = std::string(64, 'a')}}}),
              HasSubstr("no url"));
}

TEST(Request, TakesPatternsOfOutputsBelowTheWorkspace) {
  EXPECT_NO_THROW(check_request({.code = "", .outputs = {"*", "**", "a/**/*.csv", "[a-z]?.png", "..a", "a b"}}));
  for (const std::string& pattern :
       {""s, "/etc/*"s, ".."s, "../*"s, "a/../b"s, "a//b"s, "./a"s, "a/"s, "a\0b"s, "a\xFF"s}) {
    EXPECT_THAT(refusal_of({.code = "", .outputs = {pattern}}), HasSubstr("outputs"));
  }
  EXPECT_NO_THROW(check_request({.code = "", .outputs = std::vector<std::string>(maximum_outputs, "*")}));
  EXPECT_THAT(
      refusal_of({.code = "", .outputs = std::vector<std::string>(maximum_outputs + 1, "*")}, ErrorCode::too_large),
      HasSubstr("100"));
}

TEST(Request, RefusesArgumentsThatNoProgramCanGet) {
  EXPECT_NO_THROW(check_request(JobRequest{.code = "", .args = {"", "--x", "a b", "\n"}}));
  EXPECT_THAT(refusal_of(JobRequest{.code = "", .args = {"a", "b\0"s}}), AllOf(HasSubstr("args[1]"), HasSubstr("NUL")));
  EXPECT_THAT(refusal_of(JobRequest{.code = "", .args = {"\xFF"}}), AllOf(HasSubstr("args[0]"), HasSubstr("UTF-8")));
}

TEST(Request, CountsTheBytesOfArgumentsAsTheKernelDoes) {
  const std::string longest(maximum_argument_bytes - 1, 'a');
  EXPECT_NO_THROW(check_request(JobRequest{.code = "", .args = {longest}}));
  EXPECT_THAT(refusal_of(JobRequest{.code = "", .args = {longest + "a"}}, ErrorCode::too_large), HasSubstr("131072"));
  EXPECT_THAT(refusal_of(JobRequest{.code = "", .env = {{"A", longest}}}, ErrorCode::too_large), HasSubstr("'A'"));
  EXPECT_THAT(refusal_of(JobRequest{.code = "", .args = std::vector<std::string>(9, longest)}, ErrorCode::too_large),
              HasSubstr("1048576"));
  EXPECT_THAT(refusal_of(JobRequest{.code = "", .args = std::vector<std::string>(200'000)}, ErrorCode::too_large),
              HasSubstr("1800000"));
}

TEST(Request, TakesPackagesAndTheNameOfAnEnvironment) {
  EXPECT_NO_THROW(check_request(JobRequest{.code = "", .packages = {"pandas", "numpy>=2"}, .environment = "mine"}));
  EXPECT_NO_THROW(check_request(JobRequest{.code = "", .packages = std::vector<std::string>(maximum_packages, "a")}));
}

TEST(Request, RefusesPackagesThatNobodyCanHaveMeant) {
  const auto refusal_of_package = [](const std::string& package) {
    return refusal_of(JobRequest{.code = "", .packages = {"pandas", package}});
  };
  EXPECT_THAT(refusal_of_package(""), HasSubstr("packages[1] is empty"));
  EXPECT_THAT(refusal_of_package("a\n--index-url=b"), HasSubstr("packages[1] holds a control character at byte 1"));
  EXPECT_THAT(refusal_of_package("a\0"s), HasSubstr("NUL"));
  EXPECT_THAT(refusal_of_package("\xFF"), HasSubstr("UTF-8"));
  EXPECT_THAT(refusal_of_package(std::string(1025, 'a')), HasSubstr("1025"));
  EXPECT_THAT(refusal_of(JobRequest{.code = "", .environment = "a\tb"}), HasSubstr("environment holds a control"));
  EXPECT_THAT(refusal_of(JobRequest{.code = "", .packages = std::vector<std::string>(maximum_packages + 1, "a")},
                         ErrorCode::too_large),
              HasSubstr("101"));
}

TEST(Request, RefusesVariablesThatNoEnvironmentCanHold) {
  EXPECT_NO_THROW(check_request(JobRequest{.code = "", .env = {{"A", ""}, {"b c", "x=y"}}}));
  EXPECT_THAT(refusal_of(JobRequest{.code = "", .env = {{"", "x"}}}), HasSubstr("empty"));
  EXPECT_THAT(refusal_of(JobRequest{.code = "", .env = {{"A=B", "x"}}}), HasSubstr("'A=B'"));
  EXPECT_THAT(refusal_of(JobRequest{.code = "", .env = {{"A\0"s, "x"}}}), HasSubstr("NUL"));
  EXPECT_THAT(refusal_of(JobRequest{.code = "", .env = {{"A", "\0"s}}}), HasSubstr("NUL"));
  EXPECT_THAT(refusal_of(JobRequest{.code = "", .env = {{"\xFF", "x"}}}), HasSubstr("UTF-8"));
  EXPECT_THAT(refusal_of(JobRequest{.code = "", .env = {{"A", "\xFF"}}}), HasSubstr("UTF-8"));
}

TEST(Request, ChecksItsLimits) {
  JobRequest request;
  request.limits.processes = 0;
  EXPECT_THAT(refusal_of(request), HasSubstr("processes"));
}

TEST(Request, QuotesForeignNamesOnOneLineAndShort) {
  const std::string message = refusal_of(with_inputs({"..\n/" + std::string(4000, 'x')}));
  EXPECT_THAT(message, HasSubstr("..\\x0a/"));
  EXPECT_LT(message.size(), 300U);
}

TEST(Error, KeepsItsSentenceOnOneLine) {
  EXPECT_STREQ(Error(ErrorCode::internal, "a\nb\r\tc").what(), "a b  c");
  EXPECT_TRUE(Error(ErrorCode::unavailable, "").retryable());
  EXPECT_FALSE(Error(ErrorCode::conflict, "").retryable());
}

TEST(Error, HasAWireSpellingForEachCode) {
  EXPECT_EQ(to_string(ErrorCode::invalid_request), "invalid_request");
  EXPECT_EQ(to_string(ErrorCode::not_found), "not_found");
  EXPECT_EQ(to_string(ErrorCode::conflict), "conflict");
  EXPECT_EQ(to_string(ErrorCode::too_large), "too_large");
  EXPECT_EQ(to_string(ErrorCode::unavailable), "unavailable");
  EXPECT_EQ(to_string(ErrorCode::environment_failed), "environment_failed");
  EXPECT_EQ(to_string(ErrorCode::sandbox_unavailable), "sandbox_unavailable");
  EXPECT_EQ(to_string(ErrorCode::internal), "internal");
}

TEST(Version, IsThatOfTheHeaders) { EXPECT_STREQ(version(), PYSANDBOX_VERSION); }

}  // namespace
}  // namespace pysandbox
