// One attack in one container, and what must be true afterwards whichever runner it was.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include <pysandbox/container_runner.hpp>

#include "escape/host_bait.hpp"
#include "escape/payload.hpp"

namespace pysandbox::testing {

struct Trial {
  RunResult result;
  std::map<std::string, std::string> files;
};

// `directory` has attack.py.
Trial run_in(ContainerRunner& runner, const Payload& payload, const HostBait& bait,
             const std::filesystem::path& directory);

std::string printable(const std::string& text);
std::string describe(const Payload& payload, const Trial& run);

bool leaked(const HostBait& bait, const std::map<std::string, std::string>& files);

void expect_no_secret(const HostBait& bait, const Trial& run);
void expect_artifacts(const Payload& payload, const Trial& run);
void expect_stopped(const Payload& payload, const Trial& run);

}  // namespace pysandbox::testing
