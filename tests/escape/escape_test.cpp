// Runs every payload twice: as it would run for a user, where it must fail, and with the layers that stop it
// taken away, where it must succeed. An attack that fails in both is a blind test.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <set>
#include <string>

#include <pysandbox/container_runner.hpp>

#ifdef PYSANDBOX_WITH_OCI
#include <pysandbox/oci_runner.hpp>

#include "process/find_program.hpp"
#endif
#include "escape/host_bait.hpp"
#include "escape/payload.hpp"
#include "escape/trial.hpp"
#include "support/warm_runner.hpp"
#include "support/weak_runner.hpp"

namespace pysandbox::testing {
namespace {

namespace fs = std::filesystem;

// Where somebody who cannot read the source tree has a copy of it, PYSANDBOX_COPY names that.
const fs::path directory = [] {
  const char* copy = std::getenv("PYSANDBOX_COPY");
  return fs::path(copy != nullptr && *copy != '\0' ? copy : PYSANDBOX_ESCAPE_DIR);
}();

std::string read_file(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void expect_success(const Payload& payload, const HostBait& bait, const Trial& run) {
  const Success& success = payload.success;
  switch (success.sign) {
    case Success::Sign::says_so:
      EXPECT_EQ(run.result.exit_code, 42);
      EXPECT_NE(run.result.stdout.find("ESCAPED"), std::string::npos);
      break;
    case Success::Sign::leak:
      EXPECT_EQ(run.result.exit_code, 0);
      EXPECT_TRUE(leaked(bait, run.files)) << "no artifact holds a secret";
      break;
    case Success::Sign::artifacts:
      EXPECT_EQ(run.result.exit_code, 0);
      for (const auto& path : success.paths) EXPECT_TRUE(run.files.contains(path)) << printable(path);
      break;
    case Success::Sign::outcome:
      EXPECT_EQ(to_string(run.result.outcome), to_string(success.outcome));
      break;
  }
}

void expect_no_process_left() {
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG | __WALL), -1);
  EXPECT_EQ(errno, ECHILD);
}

bool is_rootless() { return ::geteuid() != 0 || std::getenv("PYSANDBOX_TEST_USER") != nullptr; }

bool has_cgroup() {
  const auto runner = make_native_runner();
  const auto container = runner->open({});
  return container->run({.entry_point = "main.py", .code = "pass"}, nullptr).isolation.limits == "cgroup";
}

// Empty if nothing is missing. Under root everything must be there.
std::string missing_need(const Payload& payload) {
  if (!is_rootless()) return "";
  if (payload.needs_root) return "only root has user ids to give away";
  if (payload.needs_cgroup && !has_cgroup()) return "this user has no cgroup, so a watchdog keeps the limit";
  return "";
}

class PayloadCase : public ::testing::Test {
 protected:
  explicit PayloadCase(fs::path file) : file_(std::move(file)) {}

  void SetUp() override {
    try {
      payload_ = read_payload(file_);
    } catch (const std::exception& error) {
      FAIL() << file_.filename() << ": " << error.what();
    }
    if (const std::string reason = missing_need(payload_); !reason.empty()) GTEST_SKIP() << reason;
  }

  fs::path file_;
  Payload payload_;
};

class Strong : public PayloadCase {
 public:
  explicit Strong(const fs::path& file) : PayloadCase(file) {}

  void TestBody() override {
    const HostBait bait;
    auto runner = make_runner();
    const Trial run = run_in(*runner, payload_, bait, directory);
    runner.reset();
    SCOPED_TRACE(describe(payload_, run));
    expect_stopped(payload_, run);
    expect_artifacts(payload_, run);
    expect_no_secret(bait, run);
    EXPECT_TRUE(bait.is_untouched());
    expect_no_process_left();
  }

 private:
  virtual std::unique_ptr<ContainerRunner> make_runner() const { return make_native_runner(); }
};

// In an interpreter that was forked and parked before the attack was known.
class StrongWarm final : public Strong {
 public:
  explicit StrongWarm(const fs::path& file) : Strong(file) {}

 private:
  std::unique_ptr<ContainerRunner> make_runner() const override { return make_warm_runner(); }
};

// What the mounted environment must not open to an attack that needs none.
class StrongWithEnvironment final : public Strong {
 public:
  explicit StrongWithEnvironment(const fs::path& file) : Strong(file) {}

 private:
  void SetUp() override {
    Strong::SetUp();
    payload_.needs_environment = true;
  }
};

#ifdef PYSANDBOX_WITH_OCI
// In a container that an OCI runtime made.
class StrongOci : public Strong {
 public:
  StrongOci(const fs::path& file, std::string runtime) : Strong(file), runtime_(std::move(runtime)) {}

 private:
  void SetUp() override {
    Strong::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    payload_.apply(runtime_);
    std::string reason = payload_.not_there;
    if (reason.empty() && is_rootless()) reason = "only root can use the oci runner";
    if (reason.empty() && find_program(runtime_).empty() && !is_program("/usr/sbin/" + runtime_)) {
      if (std::getenv("CI") != nullptr) FAIL() << "there is no " << runtime_ << " here";
      reason = "there is no " + runtime_ + " here";
    }
    if (!reason.empty()) GTEST_SKIP() << reason;
  }

  std::unique_ptr<ContainerRunner> make_runner() const override { return make_oci_runner({.runtime = runtime_}); }

  std::string runtime_;
};

class StrongRunc final : public StrongOci {
 public:
  explicit StrongRunc(const fs::path& file) : StrongOci(file, "runc") {}
};

class StrongRunsc final : public StrongOci {
 public:
  explicit StrongRunsc(const fs::path& file) : StrongOci(file, "runsc") {}
};
#endif

class Weakened final : public PayloadCase {
 public:
  explicit Weakened(const fs::path& file) : PayloadCase(file) {}

  void TestBody() override {
    const HostBait bait;
    const auto runner = make_weak_runner(payload_.weaken);
    const Trial run = run_in(*runner, payload_, bait, directory);
    SCOPED_TRACE(describe(payload_, run));
    expect_success(payload_, bait, run);
    // The harvest is a layer of its own: it holds also where an attack gets through the others.
    const auto& layers = payload_.weaken;
    if (std::find(layers.begin(), layers.end(), "harvest") == layers.end()) {
      expect_artifacts(payload_, run);
      EXPECT_FALSE(leaked(bait, run.files));
    }
    expect_no_process_left();
  }
};

TEST(Payloads, CoverEveryGroupWithAttacksThatCanSucceed) {
  std::map<char, int> groups;
  std::set<std::string> ids;
  int without_layer = 0;
  for (const auto& file : payload_files(directory / "payloads")) {
    const Payload payload = read_payload(file);
    ++groups[payload.id[0]];
    EXPECT_TRUE(ids.insert(payload.id).second) << payload.id << " is there twice: " << payload.name;
    if (payload.weaken.empty()) ++without_layer;
  }
  EXPECT_GE(ids.size(), 75u);
  for (const char group : {'A', 'B', 'C', 'D', 'E'}) EXPECT_GE(groups[group], 10) << group;
  EXPECT_LE(without_layer, 8);
}

TEST(Payloads, FindTheirBaitOnTheHost) {
  const HostBait bait;
  EXPECT_TRUE(bait.is_untouched());
  const std::string file = bait.arguments().front().substr(std::string("file=").size());
  EXPECT_TRUE(bait.leaked_into(read_file(file)));
  EXPECT_TRUE(bait.leaked_into(std::getenv("PYSANDBOX_CANARY")));
  std::ofstream(file) << "changed";
  EXPECT_FALSE(bait.is_untouched());
}

template <class Case>
void add_case(const char* suite, const fs::path& file) {
  ::testing::RegisterTest(suite, file.stem().c_str(), nullptr, nullptr, file.c_str(), 1,
                          [file]() -> PayloadCase* { return new Case(file); });
}

// A file whose header cannot be read gets both, and fails in both.
bool can_be_weakened(const fs::path& file) {
  try {
    return !read_payload(file).weaken.empty();
  } catch (const std::exception&) {
    return true;
  }
}

// Those against files and for secrets; the other groups have nothing to do with what is mounted.
bool concerns_mounts(const fs::path& file) {
  try {
    const Payload payload = read_payload(file);
    return !payload.needs_environment && (payload.id[0] == 'A' || payload.id[0] == 'C');
  } catch (const std::exception&) {
    return true;
  }
}

// Those against files, secrets and limits, and those that end in another way there. The rest of the groups B and E
// attack the host's kernel, of which gVisor's programs reach nothing directly (whole_table says what they reach), and
// the harvest, which is the same code for all: tried over native and runc.
bool is_for_gvisor(const fs::path& file) {
  try {
    const Payload payload = read_payload(file);
    return payload.differences.contains("runsc") || (payload.id[0] != 'B' && payload.id[0] != 'E');
  } catch (const std::exception&) {
    return true;
  }
}

void add_cases() {
  for (const auto& file : payload_files(directory / "payloads")) {
    add_case<Strong>("Escape", file);
    add_case<StrongWarm>("EscapeWarm", file);
#ifdef PYSANDBOX_WITH_OCI
    add_case<StrongRunc>("EscapeRunc", file);
    if (is_for_gvisor(file)) add_case<StrongRunsc>("EscapeRunsc", file);
#endif
    if (concerns_mounts(file)) add_case<StrongWithEnvironment>("EscapeWithEnvironment", file);
    if (can_be_weakened(file)) add_case<Weakened>("WeakenedProfile", file);
  }
}

}  // namespace
}  // namespace pysandbox::testing

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  pysandbox::testing::add_cases();
  return RUN_ALL_TESTS();
}
