#include "docker/escape_cases.hpp"

#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
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
    if (payload.differs_on_docker.empty()) {
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

}  // namespace

void add_escape_cases() {
  for (const auto& file : payload_files(directory / "payloads")) {
    ::testing::RegisterTest("EscapeFromDocker", file.stem().c_str(), nullptr, nullptr, file.c_str(), 1,
                            [file]() -> ::testing::Test* { return new EscapeFromDocker(file); });
  }
}

}  // namespace pysandbox::testing
