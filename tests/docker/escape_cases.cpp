#include "docker/escape_cases.hpp"

#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <string_view>

#include "docker/docker_fixture.hpp"
#include "escape/host_bait.hpp"
#include "escape/payload.hpp"
#include "escape/trial.hpp"

namespace pysandbox::testing {
namespace {

namespace fs = std::filesystem;

const fs::path directory = PYSANDBOX_ESCAPE_DIR;

class EscapeFromDocker final : public ::testing::Test {
 public:
  explicit EscapeFromDocker(fs::path file) : file_(std::move(file)) {}

  void TestBody() override {
    Payload payload = read_payload(file_);
    payload.apply("docker");
    const HostBait bait;
    const Trial run = run_in(shared_docker_runner(), payload, bait, directory);
    SCOPED_TRACE(describe(payload, run));
    expect_no_secret(bait, run);
    EXPECT_TRUE(bait.is_untouched());
    if (payload.otherwise.empty()) {
      expect_stopped(payload, run);
      expect_artifacts(payload, run);
    } else {
      EXPECT_TRUE(ends_otherwise(payload, run)) << "the payload says that it ends otherwise on docker: take that away";
    }
  }

 private:
  static bool ends_otherwise(const Payload& payload, const Trial& run) {
    ::testing::TestPartResultArray failures;
    const ::testing::ScopedFakeTestPartResultReporter collect(
        ::testing::ScopedFakeTestPartResultReporter::INTERCEPT_ONLY_CURRENT_THREAD, &failures);
    expect_stopped(payload, run);
    expect_artifacts(payload, run);
    return failures.size() > 0;
  }

  fs::path file_;
};

// Most attacks on system calls are stopped by the one filter, which is the native runner's: whole_table tries all
// calls, and these the rules about arguments and what the engine adds. PYSANDBOX_ALL_PAYLOADS runs the rest too.
constexpr auto tried_of_the_filter = std::to_array<std::string_view>(
    {"clone3_namespace", "foreign_memory", "high_bits", "i386_calls", "limits_of_others", "loopback_service",
     "mount_in_workspace", "ptrace", "second_filter", "set_id_program", "socket_families", "steal_descriptor",
     "terminal_requests", "user_namespace", "whole_table"});

bool is_tried(const fs::path& file) {
  if (std::getenv("PYSANDBOX_ALL_PAYLOADS") != nullptr) return true;
  const Payload payload = read_payload(file);
  const auto& layers = payload.weaken;
  if (std::find(layers.begin(), layers.end(), "seccomp") == layers.end()) return true;
  return std::find(tried_of_the_filter.begin(), tried_of_the_filter.end(), payload.name) != tried_of_the_filter.end();
}

}  // namespace

void add_escape_cases() {
  for (const auto& file : payload_files(directory / "payloads")) {
    if (!is_tried(file)) continue;
    ::testing::RegisterTest("EscapeFromDocker", file.stem().c_str(), nullptr, nullptr, file.c_str(), 1,
                            [file]() -> ::testing::Test* { return new EscapeFromDocker(file); });
  }
}

}  // namespace pysandbox::testing
