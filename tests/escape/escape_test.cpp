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

struct Trial {
  RunResult result;
  std::map<std::string, std::string> files;
};

std::string read_file(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

Program make_program(const Payload& payload, const HostBait& bait) {
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

Trial run_in(ContainerRunner& runner, const Payload& payload, const HostBait& bait) {
  const auto container = runner.open(
      {.limits = payload.limits, .environment_directory = payload.needs_environment ? bait.environment() : ""});
  Trial run{container->run(make_program(payload, bait), nullptr), {}};
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

void expect_failure(const Payload& payload, const RunResult& result) {
  ASSERT_EQ(result.failure.has_value(), !payload.failure.empty());
  if (!result.failure) return;
  EXPECT_EQ(result.failure->limit, payload.failure);
  EXPECT_FALSE(result.failure->observed.empty());
  EXPECT_FALSE(result.failure->hint.empty());
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

// No child of ours, alive or dead, of whatever kind.
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
    const Trial run = run_in(*runner, payload_, bait);
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
    const Trial run = run_in(*runner, payload_, bait);
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

void add_cases() {
  for (const auto& file : payload_files(directory / "payloads")) {
    add_case<Strong>("Escape", file);
    add_case<StrongWarm>("EscapeWarm", file);
#ifdef PYSANDBOX_WITH_OCI
    add_case<StrongRunc>("EscapeRunc", file);
    add_case<StrongRunsc>("EscapeRunsc", file);
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
