#include <pysandbox/error.hpp>
#include <pysandbox/json.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "wire/base64.hpp"
#include "wire/stored_json.hpp"

namespace pysandbox {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using namespace std::string_literals;
using namespace std::chrono_literals;

template <class Call>
std::string refusal(Call call) {
  try {
    call();
  } catch (const Error& error) {
    EXPECT_EQ(to_string(error.code()), "invalid_request");
    return error.what();
  }
  ADD_FAILURE() << "nothing was refused";
  return "";
}

std::string request_refusal(std::string_view text) {
  return refusal([&] { parse_job_request(text); });
}

std::string result_refusal(std::string_view text) {
  return refusal([&] { parse_run_result(text); });
}

JobRequest full_request() {
  JobRequest request;
  request.code = "print('\xE2\x82\xAC\\n')";
  request.entry_point = "pkg/run.py";
  request.args = {"", "--x=\"1\""};
  request.env = {{"A", "1"}, {"b.c", "x\ny"}};
  request.stdin = "in";
  request.inputs = {
      {.path = "a.csv", .content = "1,2"}, {.path = "d/b.csv", .source = "/data/b.csv"}, {.path = "empty"}};
  request.outputs = {"*.png", "out/**/[a-z].csv"};
  request.packages = {"pandas>=2", "uvicorn[standard]; python_version > \"3.8\""};
  request.environment = "data-science";
  for (const LimitField& field : limit_fields()) set_limit(request.limits, field.name, field.maximum);
  request.limits.time_limit = 1234ms;
  request.limits.cpus = 0.1;
  request.minimum_isolation = MinimumIsolation::full;
  request.start = StartMode::fresh;
  return request;
}

RunResult full_result() {
  RunResult result;
  result.outcome = Outcome::exception;
  result.exit_code = 1;
  result.signal = "SIGTERM";
  result.stdout = "out\n\x01\0"s;
  result.stderr = "err";
  result.stdout_truncated = true;
  result.stderr_truncated = true;
  result.error = PythonError{"ValueError", "bad", "Traceback\n", 3};
  result.failure = Failure{"memory_bytes", "600M", "raise it"};
  result.usage = {1500001us, 7us, 2s, std::numeric_limits<std::uint64_t>::max(), 3, 4, 5};
  result.isolation = {"oci", "runc 1.1.5", "root",    "v2",  "cgroup", {"user", "pid"}, "python-strict",
                      3,     true,         "process", "warm"};
  result.environment = EnvironmentInfo{std::string(64, 'e'), "3.11.2", {{"numpy", "2.1.0"}, {"six", "1.17.0"}}};
  result.artifacts = {{"a/b.png", 1ULL << 40, "image/png", std::string(64, 'f'), std::string(32, '0')},
                      {"c", 0, "text/plain", std::string(64, '0'), ""}};
  result.warnings = {"one", "two"};
  return result;
}

// What it is of, in every way there is. Stored, since whether a name may be left out is not for JSON to say.
TEST(Json, BringsInputsBackFromWhereverTheyCome) {
  JobRequest request;
  request.inputs = {{.path = "a", .content = "1"},
                    {.path = "b", .source = "/data/b"},
                    {.path = "c", .file_id = std::string(32, '7')},
                    {.path = "", .file_id = std::string(32, '8')},
                    {.path = "d", .url = "https://example.org/d?x=1", .sha256 = std::string(64, 'a')},
                    {.path = "", .url = "http://example.org/e.csv"}};
  EXPECT_EQ(parse_stored_request(to_stored_json(request)), request);
  EXPECT_EQ(parse_stored_request(R"({"code": "", "inputs": [{"url": "http://a/b"}, {"file_id": "7"}]})").inputs,
            (std::vector<InputFile>{{.path = "", .url = "http://a/b"}, {.path = "", .file_id = "7"}}));
}

TEST(Json, BringsARequestBackAsItWas) {
  EXPECT_EQ(parse_job_request(to_json(full_request())), full_request());
  EXPECT_EQ(parse_job_request(to_json(full_request(), JsonStyle::indented)), full_request());
  EXPECT_EQ(parse_job_request(to_json(JobRequest{})), JobRequest{});
}

TEST(Json, CarriesBytesOfARequestThatAreNotUtf8) {
  JobRequest request;
  request.code = "# coding: latin-1\nprint('\xFC')";
  request.stdin = "\0\xFF"s;
  request.inputs = {{.path = "a", .content = "\x89PNG\r\n\x1A\n"}};
  EXPECT_THAT(to_json(request), HasSubstr(R"("stdin":{"base64":"AP8="})"));
  EXPECT_EQ(parse_job_request(to_json(request)), request);
}

TEST(Json, NeedsNothingButCodeInARequest) {
  EXPECT_EQ(parse_job_request(R"({"code": "pass"})"), JobRequest{.code = "pass"});
  EXPECT_EQ(parse_job_request(R"({"code": {"base64": "cGFzcw=="}})"), JobRequest{.code = "pass"});
  EXPECT_EQ(parse_job_request("\n {\"code\": \"\\u20ac\"}\t "), JobRequest{.code = "\xE2\x82\xAC"});
  EXPECT_THAT(request_refusal("{}"), HasSubstr("code is missing"));
}

TEST(Json, ReadsLimitsBesideTheirDefaults) {
  const JobRequest request =
      parse_job_request(R"({"code": "", "limits": {"time_limit": 0.25, "memory_bytes": 134217728}})");
  Limits expected;
  expected.time_limit = 250ms;
  expected.memory_bytes = 128ULL << 20;
  EXPECT_EQ(request.limits, expected);
}

TEST(Json, IgnoresUnknownKeys) {
  EXPECT_EQ(parse_job_request(R"({"code": "x", "new": [{}], "limits": {"new": null}, "inputs": []})"),
            JobRequest{.code = "x"});
}

TEST(Json, RefusesAKeyGivenTwice) {
  EXPECT_THAT(request_refusal(R"({"code": "a", "code": "b"})"), AllOf(HasSubstr("'code'"), HasSubstr("twice")));
  EXPECT_THAT(request_refusal(R"({"code": "a", "\u0063ode": "b"})"), AllOf(HasSubstr("'code'"), HasSubstr("twice")));
  EXPECT_THAT(request_refusal(R"({"code": "a", "env": {"A": "1", "B": "2", "A": "1"}})"), HasSubstr("'A'"));
  EXPECT_THAT(request_refusal(R"({"code": "a", "ignored": [{"x": 1, "x": 1}]})"), HasSubstr("'x'"));
  const std::string key(5000, 'k');
  EXPECT_THAT(request_refusal("{\"" + key + "\":1,\"" + key + "\":2}"), HasSubstr("twice"));
  EXPECT_THAT(result_refusal(R"({"outcome": "ok", "outcome": "ok"})"), HasSubstr("'outcome'"));
}

TEST(Json, TakesOneKeyInSeveralObjects) {
  const auto request =
      parse_job_request(R"({"code": "", "x": {"path": {"path": 1}}, "inputs": [{"path": "a"}, {"path": "b"}]})");
  EXPECT_EQ(request.inputs.size(), 2U);
}

TEST(Json, RefusesTextThatIsNotJson) {
  for (const std::string& text :
       {""s, " "s, "{"s, "nul"s, R"({"code": "a"}{})"s, R"({"code": "a"} x)"s, R"({"code": "a",})"s,
        R"({'code': 'a'})"s, R"({"code": "a"} // c)"s, R"({"code": "a", "stdin": NaN})"s, "{\"code\": \"\xFF\"}"s,
        "{\"code\": \"\n\"}"s, R"({"code": "\ud800"})"s, R"({"code": "\x41"})"s, "\xEF\xBB\xBF{\"code\": \"a\"}"s,
        "{\"code\": \"a\"}\0"s, R"({"code": "a", "x": 01})"s, R"({"code": "a", "x": +1})"s,
        R"({"code": "a", "x": .5})"s}) {
    EXPECT_THAT(request_refusal(text), HasSubstr("not JSON")) << text;
    EXPECT_THAT(result_refusal(text), HasSubstr("not JSON")) << text;
  }
}

TEST(Json, ReadsThirtyTwoLevelsAndNoMore) {
  const auto nested = [](int levels) {
    return "{\"code\": \"\", \"x\": " + std::string(levels - 1, '[') + std::string(levels - 1, ']') + "}";
  };
  EXPECT_NO_THROW(parse_job_request(nested(32)));
  EXPECT_THAT(request_refusal(nested(33)), HasSubstr("32 levels"));
  EXPECT_THAT(request_refusal(std::string(1'000'000, '[')), HasSubstr("32 levels"));
}

TEST(Json, NamesTheKeyOfAWrongValue) {
  const auto expect_named = [](const char* text, const char* name) {
    EXPECT_THAT(request_refusal(text), StartsWith(name)) << text;
  };
  expect_named("[]", "the document must be an object");
  expect_named(R"({"code": 1})", "code must be a string");
  expect_named(R"({"code": null})", "code must be a string");
  expect_named(R"({"code": {"base64": "A"}})", "code.base64 must be");
  expect_named(R"({"code": {}})", "code.base64 is missing");
  expect_named(R"({"code": "", "entry_point": {"base64": "YQ=="}})", "entry_point must be a string");
  expect_named(R"({"code": "", "args": "x"})", "args must be an array");
  expect_named(R"({"code": "", "args": ["x", 1]})", "args[1] must be a string");
  expect_named(R"({"code": "", "env": []})", "env must be an object");
  expect_named(R"({"code": "", "env": {"A": 1}})", "env.'A' must be a string");
  expect_named(R"({"code": "", "stdin": false})", "stdin must be");
  expect_named(R"({"code": "", "inputs": [{"path": "a"}, {}]})", "inputs[1].path is missing");
  expect_named(R"({"code": "", "inputs": [{"path": "a", "content": 5}]})", "inputs[0].content must be");
  expect_named(R"({"code": "", "inputs": [{"path": "a", "source": []}]})", "inputs[0].source must be");
  expect_named(R"({"code": "", "inputs": [{"content": "a"}]})", "inputs[0].path is missing");
  expect_named(R"({"code": "", "inputs": [{"path": "a", "file_id": 5}]})", "inputs[0].file_id must be");
  expect_named(R"({"code": "", "inputs": [{"url": {}}]})", "inputs[0].url must be");
  expect_named(R"({"code": "", "inputs": [{"url": "http://a/", "sha256": 1}]})", "inputs[0].sha256 must be");
  expect_named(R"({"code": "", "outputs": "*"})", "outputs must be");
  expect_named(R"({"code": "", "outputs": ["a", 1]})", "outputs[1] must be");
  expect_named(R"({"code": "", "limits": {"time_limit": "5"}})", "limits.time_limit must be a number");
  expect_named(R"({"code": "", "limits": {"time_limit": 0}})", "time_limit must be");
  expect_named(R"({"code": "", "limits": {"time_limit": 1e400}})", "time_limit must be");
  expect_named(R"({"code": "", "limits": {"processes": 1.5}})", "processes must be");
  expect_named(R"({"code": "", "isolation": "warm"})", "isolation must be any or fresh");
  expect_named(R"({"code": "", "minimum_isolation": "FULL"})",
               "minimum_isolation must be rlimits, cgroup, full or vm_like");
}

TEST(Json, ChecksARequestAsEveryStoreDoes) {
  EXPECT_THAT(request_refusal(R"({"code": "a\u0000"})"), HasSubstr("NUL"));
  EXPECT_THAT(request_refusal(R"({"code": "", "inputs": [{"path": "../a"}]})"), HasSubstr("input path"));
}

TEST(Json, BringsAResultBackAsItWas) {
  EXPECT_EQ(parse_run_result(to_json(full_result())), full_result());
  EXPECT_EQ(parse_run_result(to_json(full_result(), JsonStyle::indented)), full_result());
  EXPECT_EQ(parse_run_result(to_json(RunResult{})), RunResult{});
}

TEST(Json, BringsEveryOutcomeBack) {
  for (int number = 0; number <= static_cast<int>(Outcome::internal_error); ++number) {
    RunResult result;
    result.outcome = static_cast<Outcome>(number);
    EXPECT_EQ(parse_run_result(to_json(result)), result) << to_string(result.outcome);
  }
}

TEST(Json, WritesAResultWithEveryKey) {
  RunResult result;
  result.outcome = Outcome::ok;
  result.exit_code = 0;
  result.stdout = "42\n";
  result.usage.wall_time = 30s;
  result.usage.cpu_user = 500ms;
  EXPECT_EQ(
      to_json(result),
      R"({"outcome":"ok","exit_code":0,"signal":null,"stdout":"42\n","stderr":"","stdout_truncated":false,)"
      R"("stderr_truncated":false,"error":null,"failure":null,"usage":{"wall_time":30,"cpu_user":0.5,"cpu_system":0,)"
      R"("memory_peak_bytes":0,"processes_peak":0,"read_bytes":0,"written_bytes":0},"isolation":{"runner":"",)"
      R"("runtime":"","boundary":"","mode":"","cgroup":"","limits":"","namespaces":[],"seccomp":"","landlock_abi":0,"unique_uid":false,"start":""},)"
      R"("artifacts":[],"environment":null,"warnings":[]})");
}

TEST(Json, TakesNullForAnOutputThatIsAbsent) {
  const RunResult read = parse_run_result(R"({"outcome":"cancelled","stdout":null,"stderr":null})");
  EXPECT_EQ(read.outcome, Outcome::cancelled);
  EXPECT_EQ(read.stdout + read.stderr, "");
}

TEST(Json, PutsAMarkInPlaceOfEachWrongByteOfOutput) {
  RunResult result;
  result.stdout = "a\xFF\xFE\xE2\x82z";
  result.artifacts = {{"\x80.txt", 1, "", "", ""}};
  const RunResult read = parse_run_result(to_json(result));
  EXPECT_EQ(read.stdout, "a\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBDz");
  EXPECT_EQ(read.artifacts.at(0).path, "\xEF\xBF\xBD.txt");
}

TEST(Json, IndentsByTwo) {
  const std::vector<HostFinding> findings{{"seccomp", HostFinding::Level::pass, "filter", ""}};
  EXPECT_EQ(to_json(findings, JsonStyle::indented), R"({
  "findings": [
    {
      "name": "seccomp",
      "level": "pass",
      "detail": "filter",
      "remedy": ""
    }
  ]
})");
  EXPECT_EQ(to_json(std::vector<HostFinding>{}, JsonStyle::indented), "{\n  \"findings\": []\n}");
}

TEST(Json, WritesFindings) {
  EXPECT_EQ(to_json({{"a", HostFinding::Level::weaker, "b", "c"}, {"d", HostFinding::Level::missing, "\xFF", "f"}}),
            R"({"findings":[{"name":"a","level":"weaker","detail":"b","remedy":"c"},)"
            "{\"name\":\"d\",\"level\":\"missing\",\"detail\":\"\xEF\xBF\xBD\",\"remedy\":\"f\"}]}");
}

TEST(Json, NamesTheKeyOfAWrongValueInAResult) {
  const auto expect_named = [](const char* text, const char* name) {
    EXPECT_THAT(result_refusal(text), StartsWith(name)) << text;
  };
  expect_named("{}", "outcome is missing");
  expect_named(R"({"outcome": "OK"})", "outcome must be");
  expect_named(R"({"outcome": "ok", "exit_code": 1.5})", "exit_code must be");
  expect_named(R"({"outcome": "ok", "exit_code": 4294967296})", "exit_code must be");
  expect_named(R"({"outcome": "ok", "stdout_truncated": 1})", "stdout_truncated must be true or false");
  expect_named(R"({"outcome": "ok", "usage": {"wall_time": -1}})", "usage.wall_time must be");
  expect_named(R"({"outcome": "ok", "usage": {"wall_time": 1e300}})", "usage.wall_time must be");
  expect_named(R"({"outcome": "ok", "usage": {"read_bytes": -1}})", "usage.read_bytes must be");
  expect_named(R"({"outcome": "ok", "error": {"name": "a", "value": "b"}})", "error.traceback is missing");
  expect_named(R"({"outcome": "ok", "artifacts": [{"path": "a", "size": "1"}]})", "artifacts[0].size must be");
  expect_named(R"({"outcome": "ok", "warnings": [1]})", "warnings[0] must be");
}

TEST(StoredJson, KeepsEveryByteButTheStreams) {
  RunResult result = full_result();
  result.artifacts.at(0).path = "\x80/\xFF";
  result.error->value = "\xED\xB2\x80";
  result.warnings = {"\xC0"};
  const RunResult read = parse_stored_result(to_stored_json(result));
  result.stdout.clear();
  result.stderr.clear();
  EXPECT_EQ(read, result);
}

TEST(StoredJson, SaysThatWhatItCannotReadIsUnavailable) {
  try {
    parse_stored_request("{");
    FAIL() << "nothing was refused";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::unavailable);
  }
}

TEST(Base64, FollowsTheExamplesOfItsStandard) {
  const std::pair<const char*, const char*> examples[] = {{"", ""},
                                                          {"f", "Zg=="},
                                                          {"fo", "Zm8="},
                                                          {"foo", "Zm9v"},
                                                          {"foob", "Zm9vYg=="},
                                                          {"fooba", "Zm9vYmE="},
                                                          {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : examples) {
    EXPECT_EQ(to_base64(bytes), text);
    EXPECT_EQ(parse_base64(text), bytes);
  }
}

TEST(Base64, BringsEveryByteBack) {
  std::string bytes;
  for (int value = 0; value < 256; ++value) bytes += static_cast<char>(value);
  EXPECT_EQ(parse_base64(to_base64(bytes)), bytes);
}

TEST(Base64, RefusesWhatItWouldNotHaveWritten) {
  for (const char* text :
       {"Z", "Zg", "Zg=", "Zh==", "Zm9=", "====", "=", "Zg==Zg==", "Zm9v\n", "Zm 9v", "Zm9-", "Zm9_", "A===", "=AAA"}) {
    EXPECT_EQ(parse_base64(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace pysandbox
