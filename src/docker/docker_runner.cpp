// The ContainerRunner over a Docker engine: THE RECIPE. A container is made and attached, a run is an order, files, a
// watch and a verdict; see ADR 20.
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <mutex>
#include <optional>
#include <utility>

#include <pysandbox/docker_runner.hpp>
#include <pysandbox/error.hpp>

#include "container/artifact_budget.hpp"
#include "container/capped_output.hpp"
#include "container/guest_report.hpp"
#include "container/package_aids.hpp"
#include "container/program_words.hpp"
#include "container/state_directory.hpp"
#include "container/verdict.hpp"
#include "container/workspace.hpp"
#include "docker/container_pool.hpp"
#include "docker/container_shape.hpp"
#include "docker/engine_address.hpp"
#include "docker/engine_client.hpp"
#include "docker/engine_container.hpp"
#include "docker/engine_facts.hpp"
#include "docker/graveyard.hpp"
#include "docker/input_archive.hpp"
#include "docker/keeper_stream.hpp"
#include "docker/keeper_words.hpp"
#include "docker/leftovers.hpp"
#include "docker/libraries.hpp"
#include "docker/output_archive.hpp"
#include "docker/runner_lock.hpp"
#include "docker/watch.hpp"
#include "support/in_quotes.hpp"
#include "support/syscall.hpp"
#include "value/glob.hpp"

namespace pysandbox::docker {
namespace {

using container::Observation;
using container::StopReason;

// What all containers of a runner share.
class Workshop {
 public:
  Workshop(const DockerRunnerOptions& options, EngineClient& client, RunnerLock lock, EngineFacts facts)
      : options_(options), client_(client), facts_(std::move(facts)), lock_(std::move(lock)), graveyard_(client) {
    if (options.pool.maximum > 0) {
      pool_.emplace(options.pool, [this](const ContainerShape& shape) { return make(shape); });
    }
  }

  // What is in the graveyard and cannot be removed now, the next runner removes: then the lock's file stays.
  ~Workshop() {
    pool_.reset();
    if (graveyard_.close()) lock_.forget();
  }

  std::unique_ptr<EngineContainer> take(const ContainerShape& shape) {
    if (pool_) {
      if (auto parked = pool_->take(shape)) return parked;
    }
    return make(shape);
  }

  const DockerRunnerOptions& options() const noexcept { return options_; }
  const EngineFacts& facts() const noexcept { return facts_; }
  const ContainerPool* pool() const noexcept { return pool_ ? &*pool_ : nullptr; }

 private:
  static constexpr int names_to_try = 5;

  std::unique_ptr<EngineContainer> make(const ContainerShape& shape) {
    const std::string creation = creation_json(shape, options_, lock_.id());
    for (int left = names_to_try;; --left) {
      const std::string name = "pysandbox-" + lock_.id().substr(0, 12) + "-" + std::to_string(++serial_);
      try {
        return std::make_unique<EngineContainer>(client_, graveyard_, name, shape, creation);
      } catch (const Error& error) {
        if (error.code() != ErrorCode::conflict || left == 1) throw;
      }
    }
  }

  const DockerRunnerOptions& options_;
  EngineClient& client_;
  EngineFacts facts_;
  std::atomic<std::uint64_t> serial_{0};
  RunnerLock lock_;
  Graveyard graveyard_;
  std::optional<ContainerPool> pool_;
};

// Names that the keeper needs for itself.
void refuse_reserved_names(const Program& program) {
  const auto refuse = [](const std::string& path) {
    if (path != ".pysandbox" && !path.starts_with(".pysandbox/")) return;
    throw Error(ErrorCode::invalid_request,
                "the name " + in_quotes(path) + " is kept for the runner; give the file another one");
  };
  refuse(program.entry_point);
  for (const auto& input : program.inputs) refuse(input.path);
}

class DockerContainer final : public Container {
 public:
  DockerContainer(Workshop& workshop, const ContainerSpec& spec)
      : workshop_(workshop),
        spec_(spec),
        aids_(container::package_aids(spec.environment_directory, spec.limits)),
        stop_event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    check(stop_event_.get(), "making an event for stopping");
  }

  RunResult run(const Program& program, const OutputSink& sink) override {
    if (container_) throw Error(ErrorCode::conflict, "this container has run its one program; open another one");
    outputs_ = Globs(program.outputs);
    refuse_reserved_names(program);
    container_ = workshop_.take(shape_of(spec_, container::measure_inputs(program) + container::measure_aids(aids_)));
    output_.emplace(Stream::stdout_stream, spec_.limits.stdout_bytes, sink);
    errors_.emplace(Stream::stderr_stream, spec_.limits.stderr_bytes, sink);
    const std::string mark = new_mark();
    stream_.emplace(container_->stream(), mark, *output_, *errors_);
    send(program, mark);
    const Observation seen = watch({*container_, *stream_, spec_.limits, stop_event_.get()});
    refuse_failed_start();
    return describe(seen);
  }

  void collect(RunResult& result, const std::function<void(OutputFile&)>& take) override {
    const Ending* const ending = stream_ ? stream_->ending() : nullptr;
    if (ending == nullptr) return;
    container::ArtifactBudget budget(spec_.limits);
    std::vector<std::size_t> places;
    std::vector<ListedFile> wanted;
    for (std::size_t i = 0; i < ending->files.size(); ++i) {
      const ListedFile& file = ending->files[i];
      if (!outputs_.match(file.path) || !budget.admits(file.size)) continue;
      budget.take(file.size);
      places.push_back(i);
      wanted.push_back(file);
    }
    note_unseen(*ending, result);
    if (!wanted.empty()) fetch(places, wanted, result, take);
    budget.note(result);
  }

  void stop() noexcept override {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(stop_event_.get(), &one, sizeof one);
  }

 private:
  void send(const Program& program, const std::string& mark) {
    const auto words = container::program_words(program, aids_, workshop_.options().python, false);
    bool broken = false;
    const auto give = [&](std::string_view bytes) {
      try {
        stream_->send(bytes);
      } catch (const Error&) {
        broken = true;
        throw;
      }
    };
    try {
      give(program_order(words, spec_.limits, mark, program.entry_point));
      write_inputs(program, aids_, give);
    } catch (const Error&) {
      // A keeper that ended meanwhile: watch() finds out why.
      if (!broken) throw;
    }
  }

  void refuse_failed_start() const {
    const Ending* const ending = stream_->ending();
    if (ending == nullptr || ending->start_error == 0) return;
    throw Error(ErrorCode::sandbox_unavailable, "cannot start the interpreter " + workshop_.options().python +
                                                    " of the image " + workshop_.options().image + ": " +
                                                    errno_text(ending->start_error) +
                                                    "; name another one as DockerRunnerOptions::python");
  }

  RunResult describe(const Observation& seen) {
    const Ending* const told = stream_->ending();
    const Ending ending = told != nullptr ? *told : Ending{};
    RunResult result;
    result.stdout_truncated = output_->truncated();
    result.stderr_truncated = errors_->truncated();
    result.stdout = output_->finish();
    result.stderr = errors_->finish();
    result.usage = usage(seen);
    result.isolation = isolation();
    container::decide({spec_.limits,
                       seen,
                       ending.oom_kills.value_or(0),
                       ending.refused_forks.value_or(0),
                       ending.oom_kills.has_value() || told == nullptr,
                       {ending.disk_bytes, ending.disk_inodes},
                       container::parse_guest_report(ending.report),
                       output_->total(),
                       errors_->total()},
                      result);
    if (ending.leftovers > 0 && seen.stop == StopReason::none) {
      result.warnings.push_back(std::to_string(ending.leftovers) +
                                " processes were still running when the program ended, and were killed");
    }
    return result;
  }

  static Usage usage(const Observation& seen) {
    Usage used;
    used.wall_time = seen.wall_time;
    used.memory_peak_bytes = seen.memory_peak;
    // The keeper is not the program's; a program so short that nobody looked was one process.
    used.processes_peak = std::max<std::uint64_t>(seen.processes_peak, 2) - 1;
    if (!seen.report) return used;
    used.cpu_user = std::chrono::microseconds(seen.report->user_microseconds);
    used.cpu_system = std::chrono::microseconds(seen.report->system_microseconds);
    used.read_bytes = seen.report->read_bytes;
    used.written_bytes = seen.report->written_bytes;
    return used;
  }

  Isolation isolation() const {
    const EngineFacts& facts = workshop_.facts();
    Isolation what;
    what.runner = "docker";
    what.runtime = "Docker " + facts.version;
    what.boundary = "process";
    what.mode = facts.rootless ? "rootless" : "root";
    what.cgroup = "v" + facts.cgroup_version;
    what.limits = "cgroup";
    what.namespaces = {"mount", "pid", "net", "ipc", "uts", "cgroup"};
    if (facts.remaps_users) what.namespaces.insert(what.namespaces.begin(), "user");
    what.seccomp = "python-strict";
    what.start = spec_.start == StartMode::fresh ? "fresh" : "cold";  // the interpreter is always a new one
    return what;
  }

  static void note_unseen(const Ending& ending, RunResult& result) {
    if (ending.too_deep > 0) {
      result.warnings.push_back(std::to_string(ending.too_deep) +
                                " directories were left out: they lie more than 16 levels deep");
    }
    if (ending.too_many > 0) {
      result.warnings.push_back(std::to_string(ending.too_many) +
                                " artifacts were left out: all their names together are too long");
    }
  }

  void fetch(const std::vector<std::size_t>& places, const std::vector<ListedFile>& wanted, RunResult& result,
             const std::function<void(OutputFile&)>& take) {
    stream_->send(files_order(places));
    const std::size_t missing = read_outputs(
        wanted, [&](std::span<char> buffer) { return stream_->read_files(buffer); }, take);
    if (missing > 0) result.warnings.push_back(std::to_string(missing) + " artifacts could not be read");
  }

  Workshop& workshop_;
  ContainerSpec spec_;
  container::PackageAids aids_;
  UniqueFd stop_event_;
  Globs outputs_;
  std::unique_ptr<EngineContainer> container_;
  std::optional<container::CappedOutput> output_;
  std::optional<container::CappedOutput> errors_;
  std::optional<KeeperStream> stream_;
};

void check_environment(const std::string& directory) {
  if (directory.empty() || directory.front() == '/') return;
  throw Error(ErrorCode::invalid_request, "environment_directory must be an absolute path");
}

class DockerRunner final : public ContainerRunner {
 public:
  explicit DockerRunner(const DockerRunnerOptions& options)
      : options_(options), client_(parse_engine_address(options.engine), options.call_timeout) {}

  std::string_view name() const override { return "docker"; }

  std::unique_ptr<Container> open(const ContainerSpec& spec) override {
    check_limits(spec.limits);
    check_environment(spec.environment_directory);
    if (spec.minimum_isolation > MinimumIsolation::cgroup) {
      throw Error(ErrorCode::sandbox_unavailable,
                  "the job asks for a user id of its own, which the docker runner cannot give; use the native runner");
    }
    return std::make_unique<DockerContainer>(workshop(), spec);
  }

  std::vector<HostFinding> check() override {
    std::vector<HostFinding> findings = check_engine(client_, options_);
    const std::lock_guard lock(mutex_);
    if (!workshop_ || workshop_->pool() == nullptr) return findings;
    const std::string obstacle = workshop_->pool()->obstacle();
    findings.push_back({"pool", obstacle.empty() ? HostFinding::Level::pass : HostFinding::Level::weaker,
                        obstacle.empty() ? std::to_string(workshop_->pool()->parked()) + " containers wait" : obstacle,
                        obstacle.empty() ? "" : "mend what is missing first"});
    return findings;
  }

 private:
  Workshop& workshop() {
    const std::lock_guard lock(mutex_);
    if (workshop_) return *workshop_;
    EngineFacts facts = ask_facts(client_);
    require_limits(facts);
    require_image(client_, options_);
    const std::string directory = container::make_state_directory(options_.state_directory);
    RunnerLock own = RunnerLock::make(directory);
    remove_leftovers(client_, directory);
    workshop_ = std::make_unique<Workshop>(options_, client_, std::move(own), std::move(facts));
    return *workshop_;
  }

  DockerRunnerOptions options_;
  EngineClient client_;
  std::mutex mutex_;                    // held while what does not change after is made
  std::unique_ptr<Workshop> workshop_;  // null until the engine was asked
};

bool is_image_name(const std::string& name) {
  return !name.empty() && name.size() <= 255 && name.find("..") == std::string::npos &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
                  c == '_' || c == '/' || c == ':' || c == '@';
         });
}

constexpr std::uint32_t maximum_parked = 1'000;

void check_options(const DockerRunnerOptions& options) {
  if (!is_image_name(options.image)) {
    throw Error(ErrorCode::invalid_request,
                in_quotes(options.image) + " is no name of an image; write NAME or NAME:TAG");
  }
  if (options.python.empty() || options.python.front() != '/') {
    throw Error(ErrorCode::invalid_request, "python must be an absolute path, not " + in_quotes(options.python));
  }
  if (options.user_id == 0) throw Error(ErrorCode::invalid_request, "user_id must not be that of root");
  if (options.call_timeout < std::chrono::seconds(1) || options.call_timeout > std::chrono::hours(1)) {
    throw Error(ErrorCode::invalid_request, "call_timeout must be from a second to an hour");
  }
  if (options.pool.maximum > maximum_parked || options.pool.idle_time.count() <= 0) {
    throw Error(ErrorCode::invalid_request, "pool: maximum must be at most 1000, and idle_time above zero");
  }
}

}  // namespace
}  // namespace pysandbox::docker

namespace pysandbox {

std::unique_ptr<ContainerRunner> make_docker_runner(const DockerRunnerOptions& options) {
  docker::check_options(options);
  docker::load_libraries();
  return std::make_unique<docker::DockerRunner>(options);
}

}  // namespace pysandbox
