#include "escape/trial.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>

namespace pysandbox::testing {
namespace {

namespace fs = std::filesystem;

Program make_program(const Payload& payload, const HostBait& bait, const fs::path& directory) {
  Program program{.entry_point = "main.py", .args = bait.arguments(), .code = payload.code};
  program.args.push_back("runtime=" + payload.runtime);
  program.inputs.push_back({.path = "attack.py", .source = (directory / "attack.py").string()});
  program.inputs.push_back(
      {.path = "reachable_syscalls.txt", .source = (directory / "reachable_syscalls.txt").string()});
  program.inputs.push_back({.path = "input.txt", .source = bait.input_file()});
  return program;
}

std::string read_all(OutputFile& file) {
  std::string content;
  std::byte buffer[65536];
  while (const std::size_t count = file.read(buffer)) content.append(reinterpret_cast<const char*>(buffer), count);
  return content;
}

void expect_failure(const Payload& payload, const RunResult& result) {
  ASSERT_EQ(result.failure.has_value(), !payload.failure.empty());
  if (!result.failure) return;
  EXPECT_EQ(result.failure->limit, payload.failure);
  EXPECT_FALSE(result.failure->observed.empty());
  EXPECT_FALSE(result.failure->hint.empty());
}

}  // namespace

Trial run_in(ContainerRunner& runner, const Payload& payload, const HostBait& bait, const fs::path& directory) {
  const auto container = runner.open(
      {.limits = payload.limits, .environment_directory = payload.needs_environment ? bait.environment() : ""});
  Trial run{container->run(make_program(payload, bait, directory), nullptr), {}};
  container->collect(run.result, [&](OutputFile& file) { run.files[file.path()] = read_all(file); });
  return run;
}

std::string printable(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '\n' || (c >= ' ' && c < 127)) {
      out += c;
    } else {
      constexpr char digits[] = "0123456789abcdef";
      const auto byte = static_cast<unsigned char>(c);
      out += {'\\', 'x', digits[byte >> 4], digits[byte & 15]};
    }
  }
  return out;
}

std::string describe(const Payload& payload, const Trial& run) {
  const RunResult& result = run.result;
  std::string text = payload.id + " " + payload.attack + "\noutcome " + std::string(to_string(result.outcome));
  if (result.exit_code) text += ", exit code " + std::to_string(*result.exit_code);
  if (!result.signal.empty()) text += ", signal " + result.signal;
  if (result.failure) text += ", " + result.failure->limit + ": " + result.failure->observed;
  for (const auto& warning : result.warnings) text += "\nwarning: " + warning;
  for (const auto& [path, content] : run.files) {
    if (run.files.size() <= 40) text += "\nartifact " + printable(path) + ": " + std::to_string(content.size());
  }
  return text + "\nstdout:\n" + printable(result.stdout.substr(0, 8192)) + "\nstderr:\n" +
         printable(result.stderr.substr(0, 8192));
}

bool leaked(const HostBait& bait, const std::map<std::string, std::string>& files) {
  return std::any_of(files.begin(), files.end(),
                     [&](const auto& file) { return bait.leaked_into(file.first) || bait.leaked_into(file.second); });
}

void expect_no_secret(const HostBait& bait, const Trial& run) {
  const RunResult& result = run.result;
  EXPECT_FALSE(bait.leaked_into(result.stdout));
  EXPECT_FALSE(bait.leaked_into(result.stderr));
  if (result.error) {
    EXPECT_FALSE(bait.leaked_into(result.error->value + result.error->traceback + result.error->name));
  }
  for (const auto& warning : result.warnings) EXPECT_FALSE(bait.leaked_into(warning));
  EXPECT_FALSE(leaked(bait, run.files));
}

void expect_artifacts(const Payload& payload, const Trial& run) {
  if (!payload.artifacts) return;
  for (const auto& [path, required] : *payload.artifacts) {
    EXPECT_TRUE(!required || run.files.contains(path)) << "not harvested: " << printable(path);
  }
  for (const auto& file : run.files) {
    EXPECT_TRUE(payload.artifacts->contains(file.first)) << "harvested: " << printable(file.first);
  }
}

void expect_stopped(const Payload& payload, const Trial& run) {
  const RunResult& result = run.result;
  EXPECT_EQ(to_string(result.outcome), to_string(payload.expect));
  if (payload.expect == Outcome::ok) {
    EXPECT_EQ(result.exit_code, 0);
  } else if (payload.exit_code) {
    EXPECT_EQ(result.exit_code, payload.exit_code);
  }
  EXPECT_TRUE(payload.signal.empty() || result.signal == payload.signal) << result.signal;
  EXPECT_EQ(result.stdout.find("ESCAPED"), std::string::npos);
  EXPECT_EQ(result.stderr.find("ESCAPED"), std::string::npos);
  EXPECT_LE(result.stdout.size(), payload.limits.stdout_bytes + 1024);  // the mark of what was left out
  EXPECT_LE(result.stderr.size(), payload.limits.stderr_bytes + 1024);
  expect_failure(payload, result);
}

}  // namespace pysandbox::testing
