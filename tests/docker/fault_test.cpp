// What goes wrong around a docker runner: its engine, its image, its own process.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/fsuid.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include <pysandbox/docker_runner.hpp>
#include <pysandbox/error.hpp>

#include "docker/container_shape.hpp"
#include "docker/docker_fixture.hpp"
#include "docker/engine_address.hpp"
#include "docker/engine_client.hpp"
#include "docker/refusal.hpp"
#include "wire/json_document.hpp"
#include "wire/json_field.hpp"

namespace pysandbox::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using namespace std::chrono_literals;

docker::EngineClient client() { return docker::EngineClient(docker::parse_engine_address(engine().address()), 30s); }

struct Listed {
  std::string id;
  std::string name;
  std::string runner;
};

// Containers of ours, whoever's.
std::vector<Listed> containers() {
  docker::EngineClient asking = client();
  const docker::Answer answer = asking.get("/containers/json?all=true");
  const boost::json::value document = parse_json(answer.body);
  std::vector<Listed> found;
  for (const auto& entry : JsonField(document, "containers").elements()) {
    const auto runner = entry.at("Labels").find(docker::runner_label);
    if (!runner) continue;
    found.push_back({entry.at("Id").text(), entry.at("Names").elements().at(0).text().substr(1), runner->text()});
  }
  return found;
}

std::vector<Listed> containers_of(const std::string& runner) {
  std::vector<Listed> found = containers();
  std::erase_if(found, [&](const Listed& one) { return one.runner != runner; });
  return found;
}

Program program(const std::string& code) { return {.entry_point = "main.py", .code = code}; }

std::string output_of(ContainerRunner& runner, const std::string& code) {
  return runner.open({})->run(program(code), {}).stdout;
}

// While it prints, everything of its runner is known.
std::string runner_id_of(ContainerRunner& runner) {
  std::vector<std::string> before;
  for (const auto& one : containers()) before.push_back(one.id);
  std::string id;
  runner.open({})->run(program("print(1)\nimport time\ntime.sleep(0.3)"), [&](Stream, std::string_view) {
    for (const auto& one : containers()) {
      if (std::find(before.begin(), before.end(), one.id) == before.end()) id = one.runner;
    }
  });
  return id;
}

TEST(DockerRunner, NamesAMissingImageAndHowToMakeIt) {
  DockerRunnerOptions options = docker_options();
  options.image = "no-such-image";
  EXPECT_THAT(refusal_of(ErrorCode::sandbox_unavailable, [&] { make_docker_runner(options)->open({}); }),
              AllOf(HasSubstr("'no-such-image'"), HasSubstr("scripts/make_image.sh --import no-such-image unix://")));
  EXPECT_TRUE(containers().empty() || containers_of("").empty());
}

TEST(DockerRunner, NamesAnInterpreterThatTheImageLacks) {
  DockerRunnerOptions options = docker_options();
  options.python = "/usr/bin/no-such-python";
  const auto runner = make_docker_runner(options);
  EXPECT_THAT(refusal_of(ErrorCode::sandbox_unavailable, [&] { output_of(*runner, "print(1)"); }),
              AllOf(HasSubstr("/usr/bin/no-such-python"), HasSubstr("No such file")));
}

TEST(DockerRunner, SaysThatThisUserMayNotUseTheEngine) {
  const auto runner = make_docker_runner(docker_options());
  ::setfsuid(65'534);  // of this thread: as whom it opens the socket
  const std::string message = refusal_of(ErrorCode::sandbox_unavailable, [&] { runner->open({}); });
  ::setfsuid(0);
  EXPECT_THAT(message, HasSubstr("may not be used by this user"));
}

TEST(DockerRunner, ChecksWhatItsEngineCanDo) {
  const auto findings = shared_docker_runner().check();
  ASSERT_GE(findings.size(), 5u);
  for (const auto& finding : findings) {
    EXPECT_NE(finding.level, HostFinding::Level::missing) << finding.name << ": " << finding.detail;
    EXPECT_EQ(finding.remedy.empty(), finding.level == HostFinding::Level::pass) << finding.name;
  }
  DockerRunnerOptions options = docker_options();
  options.engine = "unix:///no/such/socket";
  const auto missing = make_docker_runner(options)->check();
  ASSERT_EQ(missing.size(), 1u);
  EXPECT_EQ(missing[0].level, HostFinding::Level::missing);
}

TEST(DockerRunner, RefusesOptionsThatMakeNoSense) {
  const auto refused = [](const std::function<void(DockerRunnerOptions&)>& change) {
    DockerRunnerOptions options;
    change(options);
    EXPECT_THROW(make_docker_runner(options), Error);
  };
  refused([](auto& options) { options.engine = "/run/docker.sock"; });
  refused([](auto& options) { options.image = "../x"; });
  refused([](auto& options) { options.image = ""; });
  refused([](auto& options) { options.python = "python3"; });
  refused([](auto& options) { options.user_id = 0; });
  refused([](auto& options) { options.call_timeout = 0ms; });
  refused([](auto& options) { options.pool.maximum = 1'000'000; });
}

TEST(DockerRunner, RefusesToRunWithLessThanIsAskedFor) {
  EXPECT_NO_THROW(shared_docker_runner().open({.minimum_isolation = MinimumIsolation::cgroup}));
  EXPECT_THROW(shared_docker_runner().open({.minimum_isolation = MinimumIsolation::full}), Error);
  EXPECT_THROW(shared_docker_runner().open({.minimum_isolation = MinimumIsolation::vm_like}), Error);
}

TEST(DockerRunner, KeepsNamesForItself) {
  Program own = program("print(1)");
  own.inputs = {{.path = ".pysandbox/report", .content = "x"}};
  EXPECT_THAT(refusal_of(ErrorCode::invalid_request, [&] { shared_docker_runner().open({})->run(own, {}); }),
              HasSubstr("'.pysandbox/report'"));
}

TEST(DockerRunner, PassesOverNamesThatSomebodyElseHas) {
  const auto runner = make_docker_runner(docker_options());
  const std::string id = runner_id_of(*runner);
  docker::EngineClient asking = client();
  std::vector<std::string> taken;
  const auto take_names = [&](int first, int last) {
    for (int serial = first; serial <= last; ++serial) {
      const std::string name = "pysandbox-" + id.substr(0, 12) + "-" + std::to_string(serial);
      ASSERT_TRUE(
          asking.post("/containers/create?name=" + name, R"({"Image":"pysandbox-python","Cmd":["true"]})").ok());
      taken.push_back(name);
    }
  };
  take_names(2, 3);
  EXPECT_EQ(output_of(*runner, "print(1)"), "1\n");
  take_names(5, 9);
  EXPECT_THAT(refusal_of(ErrorCode::conflict, [&] { output_of(*runner, "print(1)"); }), HasSubstr("in use"));
  for (const auto& name : taken) asking.remove("/containers/" + name + "?force=true");
}

TEST(DockerRunner, TellsThatSomebodyElseEndedItsContainer) {
  EXPECT_THAT(refusal_of(ErrorCode::unavailable,
                         [&] {
                           std::vector<Listed> before = containers();
                           shared_docker_runner().open({})->run(program("print(1)\nimport time\ntime.sleep(60)"),
                                                                [&](Stream, std::string_view) {
                                                                  docker::EngineClient asking = client();
                                                                  for (const auto& one : containers()) {
                                                                    asking.post("/containers/" + one.id + "/kill");
                                                                  }
                                                                });
                         }),
              HasSubstr("ended from outside"));
}

TEST(DockerRunner, LeavesNothingBehind) {
  DockerRunnerOptions options = docker_options();
  options.pool.maximum = 2;
  auto runner = make_docker_runner(options);
  const std::string id = runner_id_of(*runner);
  EXPECT_FALSE(id.empty());
  EXPECT_TRUE(std::filesystem::exists(options.state_directory + "/docker-" + id));
  runner.reset();
  EXPECT_TRUE(containers_of(id).empty());
  EXPECT_FALSE(std::filesystem::exists(options.state_directory + "/docker-" + id));
}

// A process of its own that runs a program and parks containers, until it is killed.
pid_t start_victim(const DockerRunnerOptions& options) {
  const pid_t pid = ::fork();
  if (pid != 0) return pid;
  ::execl("/proc/self/exe", "docker_test", "--run-for-ever", options.engine.c_str(), options.state_directory.c_str(),
          nullptr);
  ::_exit(127);
}

TEST(DockerRunner, RemovesWhatAKilledOneLeftAndNothingElse) {
  const DockerRunnerOptions options = docker_options();
  const auto living = make_docker_runner(options);
  const auto held = living->open({});
  std::string own, dead;
  held->run(program("print(1)"), {});  // its container stays as long as it is held
  for (const auto& one : containers()) own = one.runner;
  const pid_t victim = start_victim(options);
  while (dead.empty()) {
    for (const auto& one : containers()) {
      if (one.runner != own && containers_of(one.runner).size() >= 2) dead = one.runner;
    }
    ASSERT_EQ(::waitpid(victim, nullptr, WNOHANG), 0) << "it ended by itself";
    std::this_thread::sleep_for(50ms);
  }
  ::kill(victim, SIGKILL);
  ::waitpid(victim, nullptr, 0);
  EXPECT_GE(containers_of(dead).size(), 2u) << "all that is left is labelled";
  const auto next = make_docker_runner(options);
  next->open({});
  EXPECT_TRUE(containers_of(dead).empty());
  EXPECT_FALSE(containers_of(own).empty());
  EXPECT_FALSE(std::filesystem::exists(options.state_directory + "/docker-" + dead));
}

std::string pool_finding(ContainerRunner& runner) {
  for (const auto& finding : runner.check()) {
    if (finding.name == "pool") return finding.detail;
  }
  return "";
}

void wait_until_parked(ContainerRunner& runner, const std::string& count) {
  while (pool_finding(runner) != count + " containers wait") std::this_thread::sleep_for(50ms);
}

TEST(DockerPool, HoldsContainersOfTheShapeThatWasAskedForLast) {
  DockerRunnerOptions options = docker_options();
  options.pool.maximum = 2;
  const auto runner = make_docker_runner(options);
  EXPECT_EQ(output_of(*runner, "print(1)"), "1\n");
  wait_until_parked(*runner, "2");
  EXPECT_EQ(output_of(*runner, "import os\nprint(sorted(os.listdir('.')))"), "['.pysandbox', 'main.py']\n");
  Limits other;
  other.memory_bytes = 64 << 20;
  const auto result = runner->open({other})->run(program("x = bytearray(200 << 20)"), {});
  EXPECT_EQ(to_string(result.outcome), "memory_limit") << "one of another shape would have had the memory";
  wait_until_parked(*runner, "2");
  EXPECT_EQ(to_string(runner->open({other})->run(program("x = bytearray(200 << 20)"), {}).outcome), "memory_limit");
}

TEST(DockerPool, LetsGoWhatNobodyNeeds) {
  DockerRunnerOptions options = docker_options();
  options.pool = {.maximum = 1, .idle_time = 1s};
  const auto runner = make_docker_runner(options);
  const std::string id = runner_id_of(*runner);
  while (!containers_of(id).empty()) std::this_thread::sleep_for(100ms);
  EXPECT_EQ(pool_finding(*runner), "0 containers wait");
}

// The last: it is hard on the engine.
TEST(EngineThatIsRestarted, IsToldAndServesAgain) {
  DockerRunnerOptions options = docker_options();
  options.pool.maximum = 1;
  auto runner = make_docker_runner(options);
  const std::string id = runner_id_of(*runner);
  wait_until_parked(*runner, "1");
  auto container = runner->open({});  // will get the parked one
  EXPECT_THAT(refusal_of(ErrorCode::unavailable,
                         [&] {
                           container->run(program("print(1)\nimport time\ntime.sleep(60)"),
                                          [&](Stream, std::string_view) { engine().kill(); });
                         }),
              HasSubstr("the Docker engine"));
  container.reset();
  EXPECT_THAT(refusal_of(ErrorCode::unavailable, [&] { output_of(*runner, "print(1)"); }), HasSubstr("start it"));
  engine().start();
  EXPECT_EQ(output_of(*runner, "print(2)"), "2\n");
  runner.reset();
  make_docker_runner(options)->open({});  // which removes what could not be removed then
  EXPECT_TRUE(containers_of(id).empty());
}

}  // namespace
}  // namespace pysandbox::testing
