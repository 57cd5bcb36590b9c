// Values for the contract of JobStore: everything filled in, and nothing harmless.
#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <pysandbox/job.hpp>
#include <pysandbox/result.hpp>

namespace pysandbox::testing {

// Every byte there is, in every order that matters: no encoding survives it by chance.
inline std::string all_bytes() {
  std::string bytes;
  for (int value = 255; value >= 0; --value) bytes += static_cast<char>(value);
  for (int value = 0; value < 256; ++value) bytes += static_cast<char>(value);
  return bytes;
}

inline JobRequest full_request() {
  using namespace std::chrono_literals;
  JobRequest request;
  request.code = "# coding: latin-1\nprint('\xFC; DROP TABLE jobs')";
  request.entry_point = "pkg/run.py";
  request.args = {"", "--x='1'", "\xE2\x82\xAC\n\t\x01"};
  request.env = {{"A", ""}, {"b.c d", "x\ny='\""}};
  request.stdin = all_bytes();
  request.inputs = {{.path = "a.bin", .content = all_bytes()},
                    {.path = "d/\xC3\xBC'.csv", .source = "/data/b c.csv"},
                    {.path = "empty"},
                    {.path = "y", .file_id = std::string(32, '1')},
                    {.path = "x", .url = "https://example.org/?q='", .sha256 = std::string(64, 'a')}};
  request.outputs = {"*.png", "d/**/[a-z]'.csv"};
  request.packages = {"six; python_version > '3'", "pandas"};
  request.environment = "data-science";
  request.limits = {1234ms, 2345ms, 0ms, 65ULL << 20, 0.1, 7, 17, 1, 65'536, 99, 1, 2, 0, 0};
  request.minimum_isolation = MinimumIsolation::full;
  request.start = StartMode::fresh;
  return request;
}

inline Submission full_submission() {
  using namespace std::chrono_literals;
  return {.owner = "\xC3\xBC'; --",
          .idempotency_key = "k\"1\n",
          .priority = -100,
          .ttl = 3600s,
          .metadata = "{\"a\": [1, '\xE2\x82\xAC']}",
          .callback_url = "https://example.org/done?x='y'",
          .callback_secret = "s\\\"ecret"};
}

inline RunResult full_result() {
  using namespace std::chrono_literals;
  RunResult result;
  result.outcome = Outcome::exception;
  result.exit_code = -1;
  result.signal = "SIGTERM";
  result.stdout = all_bytes();
  result.stderr = std::string(100'000, '\0') + all_bytes();
  result.stdout_truncated = true;
  result.stderr_truncated = true;
  result.error = PythonError{"ValueError", "bad \xED\xB2\x80", "Traceback\n\x1b[31m", 3};
  result.failure = Failure{"memory_bytes", "600M", "raise it"};
  result.usage = {1500001us, 7us, 86'400s, std::numeric_limits<std::int64_t>::max(), 3, 4, 5};
  result.isolation = {"oci", "runc 1.1.5", "root",    "v2",  "cgroup", {"user", "pid"}, "python-strict",
                      3,     true,         "process", "warm"};
  result.environment = EnvironmentInfo{std::string(64, 'e'), "3.11.2", {{"six", "1.17.0"}}};
  result.artifacts = {{"a/\x80\n'.png", 1ULL << 40, "image/png", std::string(64, 'f'), std::string(32, '0')},
                      {"c", 0, "text/plain", std::string(64, '0'), ""}};
  result.warnings = {"one", "two \xFF"};
  return result;
}

inline RunResult result_with(Outcome outcome, const std::string& output = "") {
  RunResult result;
  result.outcome = outcome;
  result.stdout = output;
  return result;
}

// Ids that are not `known`, though a careless store may think so.
inline std::vector<std::string> foreign_ids(const std::string& known) {
  std::string upper = known;
  for (char& c : upper) c = static_cast<char>(c >= 'a' && c <= 'f' ? c - 'a' + 'A' : c);
  if (upper == known) upper += '0';
  return {"",
          "0",
          "1",
          std::string(32, '0'),
          upper,
          known + " ",
          " " + known,
          known + std::string(1, '\0'),
          known.substr(0, 31),
          "%",
          "' OR '1'='1",
          "'; DROP TABLE jobs; --",
          known + "' --",
          "\xFF\xFE",
          "../../etc/passwd",
          std::string(100'000, 'a')};
}

}  // namespace pysandbox::testing
