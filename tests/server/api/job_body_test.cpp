// The body of a submission: what is understood, what is refused, and with which words.
#include <boost/json/object.hpp>

#include <gmock/gmock.h>

#include <chrono>
#include <string>
#include <vector>

#include "api/job_body.hpp"
#include "api/refusal.hpp"

namespace pysandbox::api {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
namespace json = boost::json;

constexpr auto upload_id = "f7e05f2b-2342-4c9f-8142-b9f927e54c3a";
constexpr auto upload_inside = "f7e05f2b23424c9f8142b9f927e54c3a";

// A body with `members` behind its code.
JobBody body_with(const std::string& members, const ApiLimits& limits = {}) {
  return parse_job_body(R"({"code": "pass", )" + members + "}", limits);
}

JobRequest request_with(const std::string& members) { return body_with(members).request; }

Refusal refusal_of(const std::string& text, const ApiLimits& limits = {}) {
  try {
    parse_job_body(text, limits);
  } catch (const Refusal& refusal) {
    return refusal;
  }
  ADD_FAILURE() << "nothing was refused in " << text;
  return {0, "", ""};
}

Refusal refusal_with(const std::string& members, const ApiLimits& limits = {}) {
  return refusal_of(R"({"code": "pass", )" + members + "}", limits);
}

std::vector<std::string> fields_of(const Refusal& refusal) {
  std::vector<std::string> fields;
  for (const json::value& detail : refusal.details()) fields.emplace_back(detail.at("field").as_string());
  return fields;
}

TEST(JobBodyOf, NeedsNothingButCode) {
  const JobBody body = parse_job_body(R"({"code": "print(1) "})", {});
  JobRequest expected{.code = "print(1) "};
  EXPECT_EQ(body.request, expected);
  EXPECT_EQ(body.submission, Submission{});
  EXPECT_FALSE(body.wait);
  EXPECT_THAT(body.warnings, IsEmpty());
}

TEST(JobBodyOf, ReadsTheSeedsExample) {
  const JobBody body = parse_job_body(
      R"j({"code": "print('Hello, World!')", "data_urls": ["https://example.com/input.csv"], "packages": [], "timeout": 30,
          "resource_limits": {"memory": 512, "cpu": 1}})j",
      {});
  EXPECT_THAT(body.request.inputs, ElementsAre(InputFile{.path = "", .url = "https://example.com/input.csv"}));
  EXPECT_EQ(body.request.limits, Limits{});
  EXPECT_THAT(body.warnings, IsEmpty());
}

TEST(JobBodyOf, ReadsEveryField) {
  const JobBody body = body_with(R"(
      "entry_point": "pkg/run.py", "args": ["--fast", ""], "stdin": "in", "env": {"LANG": "C.UTF-8", "B": ""},
      "data_urls": ["/api/files/f7e05f2b-2342-4c9f-8142-b9f927e54c3a",
                    {"url": "https://example.org/b.csv", "filename": "b.csv",
                     "sha256": "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855"}],
      "files": [{"path": "a.csv", "content": "x,y\n"}, {"path": "b.bin", "content": "AAEC", "encoding": "base64"},
                {"path": "c.csv", "file_id": "f7e05f2b23424c9f8142b9f927e54c3a"}, {"path": "empty", "content": ""}],
      "outputs": ["**/*.png"], "packages": [], "timeout": 12.5,
      "resource_limits": {"memory": 256, "cpu": 2, "processes": 32, "workspace_bytes": 1048576},
      "limits": {"stdout_bytes": "64K"}, "minimum_isolation": "cgroup", "isolation": "fresh",
      "wait": true, "priority": -3, "ttl": 3600, "metadata": {"any": ["json", 1]},
      "callback_url": "https://example.org/done", "callback_secret": "s3")");
  const JobRequest& request = body.request;
  EXPECT_EQ(request.entry_point, "pkg/run.py");
  EXPECT_THAT(request.args, ElementsAre("--fast", ""));
  EXPECT_EQ(request.env, (std::map<std::string, std::string>{{"LANG", "C.UTF-8"}, {"B", ""}}));
  EXPECT_EQ(request.stdin, "in");
  EXPECT_THAT(request.inputs,
              ElementsAre(InputFile{.path = "", .file_id = upload_inside},
                          InputFile{.path = "b.csv",
                                    .url = "https://example.org/b.csv",
                                    .sha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
                          InputFile{.path = "a.csv", .content = "x,y\n"},
                          InputFile{.path = "b.bin", .content = std::string("\0\1\2", 3)},
                          InputFile{.path = "c.csv", .file_id = upload_inside}, InputFile{.path = "empty"}));
  EXPECT_THAT(request.outputs, ElementsAre("**/*.png"));
  EXPECT_EQ(request.limits.time_limit, 12500ms);
  EXPECT_EQ(request.limits.memory_bytes, 256U << 20);
  EXPECT_EQ(request.limits.cpus, 2);
  EXPECT_EQ(request.limits.processes, 32U);
  EXPECT_EQ(request.limits.workspace_bytes, 1048576U);
  EXPECT_EQ(request.limits.stdout_bytes, 65536U);
  EXPECT_EQ(request.limits.cpu_time_limit, 25s);
  EXPECT_EQ(request.minimum_isolation, MinimumIsolation::cgroup);
  EXPECT_EQ(request.start, StartMode::fresh);
  EXPECT_EQ(body.wait, 60s);
  EXPECT_EQ(body.submission.priority, -3);
  EXPECT_EQ(body.submission.ttl, 3600s);
  EXPECT_EQ(body.submission.metadata, R"({"any":["json",1]})");
  EXPECT_EQ(body.submission.callback_url, "https://example.org/done");
  EXPECT_EQ(body.submission.callback_secret, "s3");
  EXPECT_THAT(body.warnings, IsEmpty());
  ASSERT_THAT(body.uploads, SizeIs(2));
  EXPECT_EQ(body.uploads[0].field, "data_urls[0]");
  EXPECT_EQ(body.uploads[1].field, "files[2].file_id");
  EXPECT_EQ(body.uploads[1].file_id, upload_inside);
}

TEST(JobBodyOf, UnderstandsTextInPlaceOfValues) {
  const JobBody text = body_with(R"(
      "args": "[\"a\", \"b\"]", "env": "{\"A\": \"1\"}", "outputs": "[\"*.txt\"]", "packages": "[]",
      "data_urls": "[\"https://example.org/a\", {\"url\": \"https://example.org/b\"}]",
      "files": "[{\"path\": \"a\", \"content\": \"1\"}]",
      "timeout": "30.5", "resource_limits": "{\"memory\": \"128\", \"cpu\": \"0.5\", \"processes\": \"8\"}",
      "priority": "-7", "ttl": "60", "wait": "12.5")");
  const JobBody plain = body_with(R"(
      "args": ["a", "b"], "env": {"A": "1"}, "outputs": ["*.txt"], "packages": [],
      "data_urls": ["https://example.org/a", {"url": "https://example.org/b"}],
      "files": [{"path": "a", "content": "1"}],
      "timeout": 30.5, "resource_limits": {"memory": 128, "cpu": 0.5, "processes": 8},
      "priority": -7, "ttl": 60, "wait": 12.5)");
  EXPECT_EQ(text.request, plain.request);
  EXPECT_EQ(text.submission, plain.submission);
  EXPECT_EQ(text.wait, plain.wait);
  EXPECT_EQ(text.wait, 12500ms);
  EXPECT_EQ(text.request.limits.memory_bytes, 128U << 20);
}

TEST(JobBodyOf, UnderstandsTextInElements) {
  const JobBody body = body_with(R"("files": ["{\"path\": \"a\", \"content\": \"1\"}"],
                                    "data_urls": ["{\"url\": \"https://example.org/b\", \"filename\": \"c\"}"])");
  EXPECT_THAT(body.request.inputs, ElementsAre(InputFile{.path = "c", .url = "https://example.org/b"},
                                               InputFile{.path = "a", .content = "1"}));
}

TEST(JobBodyOf, TakesNullAndEmptyTextForAbsent) {
  for (const std::string nothing : {"null", "\"\""}) {
    std::string members = R"("x_first": 1)";
    for (const auto* key : {"args",         "callback_secret",
                            "callback_url", "data_urls",
                            "entry_point",  "env",
                            "environment",  "files",
                            "isolation",    "limits",
                            "metadata",     "minimum_isolation",
                            "outputs",      "packages",
                            "priority",     "resource_limits",
                            "stdin",        "timeout",
                            "ttl",          "wait"}) {
      members += std::string(", \"") + key + "\": " + nothing;
    }
    const JobBody body = body_with(members);
    EXPECT_EQ(body.request, JobRequest{.code = "pass"});
    EXPECT_EQ(body.submission, Submission{});
    EXPECT_FALSE(body.wait);
    EXPECT_EQ(request_with(R"("resource_limits": {"memory": )" + nothing + "}"), JobRequest{.code = "pass"});
  }
}

TEST(JobBodyOf, IsTheSameInAnyOrder) {
  const JobBody one = body_with(
      R"("files": [{"path": "a", "content": ""}], "data_urls": ["https://example.org/b"], "timeout": 5, "limits": {"cpus": 2})");
  const JobBody other = body_with(
      R"("limits": {"cpus": 2}, "timeout": 5, "data_urls": ["https://example.org/b"], "files": [{"content": "", "path": "a"}])");
  EXPECT_EQ(one.request, other.request);
}

TEST(JobBodyOf, WantsCode) {
  for (const auto* text : {"{}", R"({"code": null})", R"({"code": ""})"}) {
    const Refusal refusal = refusal_of(text);
    EXPECT_THAT(fields_of(refusal), ElementsAre("code"));
    EXPECT_THAT(refusal.what(), HasSubstr("code is missing"));
  }
  EXPECT_THAT(refusal_of(R"({"code": 5})").what(), HasSubstr("code must be a string"));
}

struct WrongCase {
  std::string members;
  std::string field;
  std::string problem;
};

TEST(JobBodyOf, RefusesWrongTypesByName) {
  const std::vector<WrongCase> cases{
      {R"("args": 5)", "args", "an array"},
      {R"("args": "--fast")", "args", "an array"},
      {R"("args": {"a": 1})", "args", "an array"},
      {R"("args": "{}")", "args", "an array"},
      {R"("args": ["a", 5])", "args[1]", "a string"},
      {R"("callback_secret": 5)", "callback_secret", "a string"},
      {R"("callback_url": ["a"])", "callback_url", "a string"},
      {R"("data_urls": "https://example.org/a")", "data_urls", "an array"},
      {R"("data_urls": {"url": "https://example.org/a"})", "data_urls", "an array"},
      {R"("data_urls": [5])", "data_urls[0]", "a string"},
      {R"("data_urls": [null])", "data_urls[0]", "a string"},
      {R"("data_urls": [[]])", "data_urls[0]", "a string"},
      {R"("data_urls": [""])", "data_urls[0]", "a URL"},
      {R"("data_urls": ["file:///etc/passwd"])", "data_urls[0]", "a URL"},
      {R"("data_urls": ["ftp://example.org/a"])", "data_urls[0]", "a URL"},
      {R"("data_urls": ["/etc/passwd"])", "data_urls[0]", "a URL"},
      {R"("data_urls": ["example.org/a"])", "data_urls[0]", "a URL"},
      {R"("data_urls": ["http"])", "data_urls[0]", "a URL"},
      {R"("data_urls": ["/api/files/1"])", "data_urls[0]", "the id or the url of an uploaded file"},
      {R"("data_urls": ["/api/files/../jobs"])", "data_urls[0]", "the id or the url of an uploaded file"},
      {R"("data_urls": ["/api/files/f7e05f2b23424c9f8142b9f927e54c3a/x"])", "data_urls[0]", "the id or the url"},
      {R"("data_urls": [{"filename": "a"}])", "data_urls[0].url", "is missing"},
      {R"("data_urls": [{"url": 5}])", "data_urls[0].url", "a string"},
      {R"("data_urls": [{"url": "https://example.org", "filename": 5}])", "data_urls[0].filename", "a string"},
      {R"("data_urls": [{"url": "https://example.org", "sha256": "abc"}])", "data_urls[0].sha256",
       "64 hexadecimal digits"},
      {R"("data_urls": ["{\"url\": "])", "data_urls[0]", "an object"},
      {R"("entry_point": 5)", "entry_point", "a string"},
      {R"("env": ["A=1"])", "env", "an object"},
      {R"("env": "A=1")", "env", "an object"},
      {R"("env": {"A": 1})", "env.'A'", "a string"},
      {R"("files": {"path": "a"})", "files", "an array"},
      {R"("files": ["a"])", "files[0]", "an object"},
      {R"("files": [[]])", "files[0]", "an object"},
      {R"("files": [{"content": "a"}])", "files[0].path", "is missing"},
      {R"("files": [{"path": "a"}])", "files[0]", "no content and no file_id"},
      {R"("files": [{"path": "a", "content": null}])", "files[0]", "no content and no file_id"},
      {R"("files": [{"path": "a", "content": 5}])", "files[0].content", "a string"},
      {R"("files": [{"path": 5, "content": "a"}])", "files[0].path", "a string"},
      {R"("files": [{"path": "a", "content": "a", "encoding": "latin-1"}])", "files[0].encoding", "utf-8 or base64"},
      {R"("files": [{"path": "a", "content": "a b", "encoding": "base64"}])", "files[0].content", "base64"},
      {R"("files": [{"path": "a", "content": "AAE", "encoding": "base64"}])", "files[0].content", "base64"},
      {R"("files": [{"path": "a", "file_id": "../../etc/passwd"}])", "files[0].file_id", "the id or the url"},
      {R"("files": [{"path": "a", "file_id": 5}])", "files[0].file_id", "a string"},
      {R"("files": [{"path": "a", "content": "b", "file_id": "f7e05f2b23424c9f8142b9f927e54c3a"}])", "files[0]",
       "both"},
      {R"("limits": [])", "limits", "an object"},
      {R"("limits": {"memory_bytes": []})", "limits.memory_bytes", "a number"},
      {R"("limits": {"memory_bytes": "12Q"})", "limits.memory_bytes", "a number"},
      {R"("minimum_isolation": "none")", "minimum_isolation", "rlimits, cgroup, full or vm_like"},
      {R"("isolation": "warm")", "isolation", "any or fresh"},
      {R"("minimum_isolation": 1)", "minimum_isolation", "a string"},
      {R"("outputs": "*.png")", "outputs", "an array"},
      {R"("outputs": [1])", "outputs[0]", "a string"},
      {R"("packages": 1)", "packages", "an array"},
      {R"("packages": "pandas")", "packages", "an array"},
      {R"("packages": [1])", "packages[0]", "a string"},
      {R"("priority": 1.5)", "priority", "a whole number from -100 to 100"},
      {R"("priority": 101)", "priority", "a whole number from -100 to 100"},
      {R"("priority": -101)", "priority", "a whole number from -100 to 100"},
      {R"("priority": "high")", "priority", "a whole number from -100 to 100"},
      {R"("priority": 1e400)", "priority", "a whole number from -100 to 100"},
      {R"("priority": 18446744073709551615)", "priority", "a whole number from -100 to 100"},
      {R"("resource_limits": 5)", "resource_limits", "an object"},
      {R"("resource_limits": {"cpu": true})", "resource_limits.cpu", "a number"},
      {R"("stdin": {})", "stdin", "a string"},
      {R"("timeout": true)", "timeout", "a number"},
      {R"("timeout": "30s")", "timeout", "a number"},
      {R"("timeout": " 30")", "timeout", "a number"},
      {R"("timeout": {})", "timeout", "a number"},
      {R"("ttl": -1)", "ttl", "a whole number from 0"},
      {R"("ttl": 1e30)", "ttl", "a whole number from 0"},
      {R"("wait": "soon")", "wait", "true, false or a number of seconds from 0 to 300"},
      {R"("wait": -1)", "wait", "true, false or a number of seconds"},
      {R"("wait": 300.5)", "wait", "true, false or a number of seconds"},
      {R"("wait": "nan")", "wait", "true, false or a number of seconds"},
      {R"("wait": [])", "wait", "true, false or a number of seconds"},
  };
  for (const WrongCase& wrong : cases) {
    const Refusal refusal = refusal_with(wrong.members);
    EXPECT_EQ(refusal.status(), 400) << wrong.members;
    EXPECT_EQ(refusal.word(), "invalid_request") << wrong.members;
    EXPECT_THAT(fields_of(refusal), ElementsAre(wrong.field)) << wrong.members;
    EXPECT_THAT(refusal.what(), HasSubstr(wrong.problem)) << wrong.members;
    EXPECT_THAT(refusal.what(), HasSubstr(wrong.field)) << wrong.members;
  }
}

TEST(JobBodyOf, TellsAllProblemsAtOnce) {
  const Refusal refusal = refusal_of(R"({"args": 5, "timeout": 0, "files": [{"path": "a"}, {"content": "b"}]})");
  EXPECT_EQ(refusal.word(), "invalid_request");
  EXPECT_THAT(fields_of(refusal), ElementsAre("args", "files[0]", "files[1].path", "timeout", "code"));
  EXPECT_THAT(refusal.what(), HasSubstr("(and 4 more, see details)"));
}

TEST(JobBodyOf, KeepsItsAnswerShortHoweverMuchIsWrong) {
  std::string elements = "1";
  for (int count = 0; count < 10'000; ++count) elements += ",1";
  EXPECT_THAT(refusal_with(R"("files": [)" + elements + "]").details(), SizeIs(20));
}

TEST(JobBodyOf, TellsTheRangeOfALimit) {
  const Refusal refusal = refusal_with(R"("timeout": 100000)");
  EXPECT_EQ(refusal.status(), 400);
  EXPECT_EQ(refusal.word(), "limit_out_of_range");
  ASSERT_THAT(refusal.details(), SizeIs(1));
  EXPECT_EQ(refusal.details()[0].at("field"), "timeout");
  EXPECT_EQ(refusal.details()[0].at("minimum"), 0.001);
  EXPECT_EQ(refusal.details()[0].at("maximum"), 86400U);
  EXPECT_THAT(refusal.what(), HasSubstr("timeout must be a number of seconds from 0.001 to 86400"));
}

TEST(JobBodyOf, KeepsEveryLimitInItsRange) {
  for (const LimitField& field : limit_fields()) {
    for (const double outside : {field.minimum - 1, field.maximum * 2, -1e300, 1e300}) {
      const std::string text = std::to_string(outside);
      for (const std::string& value : {text, '"' + text + '"'}) {
        const Refusal refusal = refusal_with(R"("limits": {")" + std::string(field.name) + "\": " + value + "}");
        EXPECT_EQ(refusal.word(), "limit_out_of_range") << field.name << ' ' << value;
        EXPECT_THAT(fields_of(refusal), ElementsAre("limits." + std::string(field.name)));
      }
    }
  }
  for (const auto* wrong : {R"("nan")", R"("inf")", "1.5", R"("1.5")"}) {
    EXPECT_EQ(refusal_with(std::string(R"("limits": {"processes": )") + wrong + "}").word(), "limit_out_of_range")
        << wrong;
  }
}

TEST(JobBodyOf, KeepsTheOperatorsMaximum) {
  ApiLimits limits;
  limits.max_limits.time_limit = 60s;
  limits.max_limits.memory_bytes = 1ULL << 30;
  EXPECT_EQ(body_with(R"("timeout": 60, "resource_limits": {"memory": 1024})", limits).request.limits.time_limit, 60s);
  const Refusal refusal = refusal_with(R"("timeout": 61, "resource_limits": {"memory": 1025})", limits);
  EXPECT_EQ(refusal.word(), "limit_out_of_range");
  ASSERT_THAT(fields_of(refusal), ElementsAre("resource_limits.memory", "timeout"));
  EXPECT_EQ(refusal.details()[0].at("maximum"), 1024U);
  EXPECT_EQ(refusal.details()[1].at("maximum"), 60U);
  EXPECT_THAT(std::string(refusal.details()[0].at("problem").as_string()), HasSubstr("MiB from 16 to 1024"));
}

TEST(JobBodyOf, StartsFromTheOperatorsDefaults) {
  ApiLimits limits;
  limits.default_limits.memory_bytes = 64U << 20;
  limits.default_limits.time_limit = 7s;
  EXPECT_EQ(parse_job_body(R"({"code": "pass"})", limits).request.limits.memory_bytes, 64U << 20);
  EXPECT_EQ(parse_job_body(R"({"code": "pass"})", limits).request.limits.cpu_time_limit, 7s);
}

TEST(JobBodyOf, DerivesTheCpuTimeLimit) {
  const auto cpu_time = [](const std::string& members) { return request_with(members).limits.cpu_time_limit; };
  EXPECT_EQ(cpu_time(R"("timeout": 10, "limits": {"cpus": 4})"), 40s);
  EXPECT_EQ(cpu_time(R"("timeout": 0.2)"), 1s);
  EXPECT_EQ(cpu_time(R"("timeout": 10, "limits": {"cpu_time_limit": 3})"), 3s);
  EXPECT_EQ(cpu_time(R"("timeout": 86400, "limits": {"cpus": 1024})"), 86400s);
}

TEST(JobBodyOf, RefusesALimitUnderTwoNames) {
  EXPECT_THAT(fields_of(refusal_with(R"("timeout": 3, "limits": {"time_limit": 4})")), ElementsAre("timeout"));
  EXPECT_THAT(fields_of(refusal_with(R"("resource_limits": {"memory": 64, "memory_bytes": 67108864})")),
              ElementsAre("resource_limits.memory_bytes"));
  EXPECT_THAT(fields_of(refusal_with(R"("limits": {"cpus": 1}, "resource_limits": {"cpus": 1})")), SizeIs(1));
}

TEST(JobBodyOf, TakesPackagesAndAnEnvironment) {
  EXPECT_THAT(request_with(R"("packages": ["pandas", "numpy>=2"])").packages, ElementsAre("pandas", "numpy>=2"));
  EXPECT_THAT(request_with(R"("packages": "[\"pandas\"]")").packages, ElementsAre("pandas"));
  EXPECT_EQ(request_with(R"("environment": "data-science")").environment, "data-science");
  EXPECT_EQ(request_with(R"("packages": "[]")"), JobRequest{.code = "pass"});
}

TEST(JobBodyOf, WarnsOfWhatItDoesNotKnow) {
  const JobBody body = body_with(
      R"("language": "python", "Timeout": 5, "source": "/etc/passwd", "inputs": [{"path": "a", "source": "/etc/passwd"}],
      "limits": {"swap": 1}, "files": [{"path": "a", "content": "", "source": "/etc/passwd", "url": "file:///etc/passwd"}],
      "data_urls": [{"url": "https://example.org", "source": "/etc/passwd"}])");
  EXPECT_THAT(body.warnings, SizeIs(8));
  EXPECT_THAT(body.warnings, ::testing::Contains(HasSubstr("language")));
  EXPECT_THAT(body.warnings, ::testing::Contains(HasSubstr("'Timeout'")));
  EXPECT_THAT(body.warnings, ::testing::Contains(HasSubstr("files[0].source")));
  for (const InputFile& input : body.request.inputs) EXPECT_EQ(input.source, "");
}

TEST(JobBodyOf, ShowsKeysOfOthersWithCare) {
  std::string members = "\"\\u0000\\r\\n<script>';DROP TABLE jobs;--\": 1";
  members += ", \"" + std::string(100'000, 'a') + "\": 1";
  const JobBody body = body_with(members);
  ASSERT_THAT(body.warnings, SizeIs(2));
  for (const std::string& warning : body.warnings) {
    EXPECT_LT(warning.size(), 1000U);
    EXPECT_EQ(warning.find_first_of("\r\n\0"), std::string::npos);
  }
}

TEST(JobBodyOf, ChecksTheRequestAsAWhole) {
  const auto code_of = [](const std::string& members) {
    try {
      body_with(members);
    } catch (const Error& error) {
      return std::string(to_string(error.code()));
    }
    return std::string("nothing");
  };
  EXPECT_EQ(code_of(R"("entry_point": "../main.py")"), "invalid_request");
  EXPECT_EQ(code_of(R"("entry_point": "/etc/passwd")"), "invalid_request");
  EXPECT_EQ(code_of(R"("files": [{"path": "../a", "content": ""}])"), "invalid_request");
  EXPECT_EQ(code_of(R"("files": [{"path": "/a", "content": ""}])"), "invalid_request");
  EXPECT_EQ(code_of(R"("files": [{"path": "a\u0000b", "content": ""}])"), "invalid_request");
  EXPECT_EQ(code_of(R"("files": [{"path": "a", "content": ""}, {"path": "a", "content": ""}])"), "invalid_request");
  EXPECT_EQ(code_of(R"("files": [{"path": "main.py", "content": ""}])"), "invalid_request");
  EXPECT_EQ(code_of(R"("data_urls": [{"url": "https://example.org", "filename": "../a"}])"), "invalid_request");
  EXPECT_EQ(code_of(R"("env": {"A=B": "1"})"), "invalid_request");
  EXPECT_EQ(code_of(R"("env": {"": "1"})"), "invalid_request");
  EXPECT_EQ(code_of(R"("args": ["a\u0000"])"), "invalid_request");
  EXPECT_EQ(code_of(R"("outputs": [""])"), "invalid_request");
  EXPECT_EQ(code_of("\"metadata\": \"" + std::string(70'000, 'a') + '"'), "too_large");
  EXPECT_EQ(code_of("\"stdin\": \"" + std::string(70'000, 'a') + '"'), "nothing");
  EXPECT_THROW(parse_job_body(R"({"code": "a\u0000b"})", {}), Error);
  EXPECT_THROW(parse_job_body("{\"code\": \"" + std::string(11U << 20, 'a') + "\"}", {}), Error);
}

TEST(JobBodyOf, KeepsAnyJsonAsMetadata) {
  for (const std::string value :
       {R"({"a":{"b":[1,2.5,"x",true,null]}})", "[1]", "5", "-0.5", "true", "false", R"("text")", R"("\u0000")"}) {
    EXPECT_EQ(body_with("\"metadata\": " + value).submission.metadata, value);
  }
}

TEST(JobBodyOf, LetsAnUploadBeNamedByItsUrlWhereverItsIdGoes) {
  const JobBody body = body_with(std::string(R"("files": [{"file_id": ")") + upload_id + R"("}])");
  EXPECT_THAT(body.request.inputs, ElementsAre(InputFile{.path = "", .file_id = upload_inside}));
}

}  // namespace
}  // namespace pysandbox::api
