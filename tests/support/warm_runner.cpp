#include "support/warm_runner.hpp"

#include <chrono>
#include <filesystem>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "container/native_container.hpp"
#include "container/program_words.hpp"

namespace pysandbox::testing {
namespace {

class WarmContainer final : public Container {
 public:
  explicit WarmContainer(std::unique_ptr<Container> inner) : inner_(std::move(inner)) {}

  RunResult run(const Program& program, const OutputSink& sink) override {
    const bool can_be_warm = container::suits_parked(program);
    RunResult result = inner_->run(program, sink);
    if (can_be_warm != (result.isolation.start == "warm")) throw std::logic_error("start: " + result.isolation.start);
    return result;
  }
  void collect(RunResult& result, const std::function<void(OutputFile&)>& take) override {
    inner_->collect(result, take);
  }
  void stop() noexcept override { inner_->stop(); }

 private:
  std::unique_ptr<Container> inner_;
};

class WarmRunner final : public ContainerRunner {
 public:
  explicit WarmRunner(std::unique_ptr<ContainerRunner> inner) : inner_(std::move(inner)) {}

  std::string_view name() const override { return "native"; }
  std::vector<HostFinding> check() override { return inner_->check(); }

  std::unique_ptr<Container> open(const ContainerSpec& spec) override {
    const std::string& directory = spec.environment_directory;
    if (spec.start != StartMode::any || (!directory.empty() && !std::filesystem::exists(directory))) {
      return inner_->open(spec);
    }
    const std::lock_guard lock(mutex_);  // what we see parked nobody else takes
    auto& pool = dynamic_cast<container::PoolHolder&>(*inner_);
    for (int tries = 0; tries < 60; ++tries) {
      if (tries == 0 && pool.parked(directory) == 0) inner_->open(spec);  // it hears of the environment
      for (int looks = 0; pool.parked(directory) == 0 && looks < 100; ++looks) {
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
      }
      if (pool.parked(directory) > 0) return std::make_unique<WarmContainer>(inner_->open(spec));
    }
    throw std::logic_error("nothing was parked in a minute");
  }

 private:
  std::unique_ptr<ContainerRunner> inner_;
  std::mutex mutex_;
};

}  // namespace

std::unique_ptr<ContainerRunner> make_warm_runner(NativeRunnerOptions options) {
  if (options.pool.maximum == 0) options.pool.maximum = options.pool.minimum = 4;
  return std::make_unique<WarmRunner>(make_native_runner(options));
}

}  // namespace pysandbox::testing
