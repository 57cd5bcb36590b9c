#include "doctor_command.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include <pysandbox/json.hpp>
#include <pysandbox/sandbox.hpp>

#include "probes.hpp"
#include "progress_line.hpp"

namespace pysandbox::cli {
namespace {

using Level = HostFinding::Level;

struct Label {
  const char* text;
  const char* colour;
};

Label label_of(Level level) {
  switch (level) {
    case Level::pass:
      return {"pass", "\033[32m"};
    case Level::weaker:
      return {"weaker", "\033[33m"};
    case Level::missing:
      break;
  }
  return {"FAIL", "\033[31m"};
}

void print(const HostFinding& finding) {
  const bool colours = colours_wanted(STDOUT_FILENO);
  const Label label = label_of(finding.level);
  fmt::print("{}{:>6}{}  {}: {}\n", colours ? label.colour : "", label.text, colours ? "\033[0m" : "", finding.name,
             finding.detail);
  if (!finding.remedy.empty()) fmt::print("        fix: {}\n", finding.remedy);
}

std::size_t count(const std::vector<HostFinding>& findings, Level level) {
  return static_cast<std::size_t>(
      std::count_if(findings.begin(), findings.end(), [&](const auto& one) { return one.level == level; }));
}

// With the pool that a server has: the probes then attack from containers that were parked.
RunnerChoice with_pool(RunnerChoice choice) {
  if (choice.native.pool.maximum == 0) choice.native.pool.maximum = 64;
  return choice;
}

}  // namespace

int examine(const DoctorCommand& command) {
  Sandbox sandbox({make_runner(with_pool(command.runner)), nullptr});
  std::vector<HostFinding> findings = sandbox.check();
  for (auto& finding : run_probes(sandbox)) findings.push_back(std::move(finding));
  const auto missing = count(findings, Level::missing);
  if (command.json) {
    fmt::print("{}\n", to_json(findings, JsonStyle::indented));
  } else {
    for (const auto& finding : findings) print(finding);
    fmt::print("\n{} passed, {} weaker, {} failed: {}\n", count(findings, Level::pass), count(findings, Level::weaker),
               missing, missing == 0 ? "programs run isolated here" : "do not run other people's programs here yet");
  }
  return missing == 0 ? 0 : 1;
}

}  // namespace pysandbox::cli
