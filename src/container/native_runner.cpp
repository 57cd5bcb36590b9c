// The native ContainerRunner: THE RECIPE of the host's side. A container is a slot, a
// cgroup and an init; a run is files, a program, a watch and a verdict.
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <mutex>

#include <pysandbox/container_runner.hpp>
#include <pysandbox/error.hpp>

#include "container/capped_output.hpp"
#include "container/cgroup.hpp"
#include "container/conclusion.hpp"
#include "container/control_channel.hpp"
#include "container/host_check.hpp"
#include "container/init_process.hpp"
#include "container/meter.hpp"
#include "container/native_container.hpp"
#include "container/package_aids.hpp"
#include "container/process_tree.hpp"
#include "container/program_words.hpp"
#include "container/slot.hpp"
#include "container/supervisor.hpp"
#include "container/warm_pool.hpp"
#include "container/workspace.hpp"
#include "container/zygote.hpp"
#include "support/syscall.hpp"

namespace pysandbox::container {
namespace {

struct Pipe {
  UniqueFd read_end;
  UniqueFd write_end;
};

// Owned by the guest, who may want to open /dev/stdout by name.
Pipe make_pipe(uid_t uid, gid_t gid) {
  int ends[2];
  check(::pipe2(ends, O_CLOEXEC), "making a pipe for a program's output");
  Pipe pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
  check(::fchown(pipe.write_end.get(), uid, gid), "giving a pipe to a program");
  return pipe;
}

// For the tests' weakened profile: what a cgroup would have kept, nobody keeps.
Limits without_cgroup_limits(Limits limits) {
  for (const char* name : {"memory_bytes", "processes", "cpu_time_limit"}) {
    for (const auto& field : limit_fields()) {
      if (field.name == name) set_limit(limits, name, field.maximum);
    }
  }
  return limits;
}

// What all containers of a runner share.
struct RunnerParts {
  const NativeRunnerOptions& options;
  const InitImage& init;
  CgroupTree* cgroups;  // null: none
  const SlotTable& slots;
  std::uint32_t removed_layers;
  WarmPool* pool = nullptr;  // null: none
};

// Sources of bytes are read once.
bool can_be_placed_again(const Program& program) {
  return std::none_of(program.inputs.begin(), program.inputs.end(),
                      [](const ProgramInput& input) { return static_cast<bool>(input.bytes); });
}

class NativeContainer final : public Container, public WorkspaceHolder {
 public:
  NativeContainer(const RunnerParts& parts, const ContainerSpec& spec, std::unique_ptr<ParkedContainer> parked)
      : parts_(parts),
        options_(parts.options),
        spec_(spec),
        aids_(package_aids(spec.environment_directory, spec.limits)),
        removed_layers_(parts.removed_layers),
        root_(::geteuid() == 0),
        parked_(std::move(parked)),
        stop_event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    check(stop_event_.get(), "making an event for stopping");
    if (has(removed_layers_, Layer::cgroup)) spec_.limits = without_cgroup_limits(spec_.limits);
    if (!parked_) take_own_place();
  }

  ~NativeContainer() override {
    if (!zygote_ || !init_) return;
    try {
      auto ended =
          std::make_unique<ParkedContainer>(ParkedContainer{std::move(zygote_), std::move(*place_), std::move(init_)});
      parts_.pool->bury(std::move(ended));
    } catch (const std::bad_alloc&) {
      // Then its parts, which have lost nothing, end here.
    }
  }

  RunResult run(const Program& program, const OutputSink& sink) override {
    if (place_ && init_) throw Error(ErrorCode::conflict, "this container has run its one program; open another one");
    const InputNeed inputs = measure_inputs(program) + measure_aids(aids_);
    if (auto result = run_parked(program, inputs, sink)) return std::move(*result);
    if (parts_.pool) {
      parts_.pool->note_start(spec_.start == StartMode::fresh ? WarmPool::Start::fresh : WarmPool::Start::cold);
    }
    if (!place_) take_own_place();
    start_init(inputs);
    init_->wait_until_ready();
    return run_in_init(program, inputs, sink);
  }

  void collect(RunResult& result, const std::function<void(OutputFile&)>& take) override {
    if (workspace_) workspace_->collect(spec_.limits, result, take);
  }

  int workspace_directory() const noexcept override { return init_ ? init_->workspace() : -1; }

  void stop() noexcept override {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(stop_event_.get(), &one, sizeof one);
  }

 private:
  uid_t guest_uid() const { return root_ && !has(removed_layers_, Layer::identity) ? place_->slot.uid() : ::geteuid(); }
  gid_t guest_gid() const { return root_ && !has(removed_layers_, Layer::identity) ? place_->slot.uid() : ::getegid(); }

  void take_own_place() { place_.emplace(take_place(parts_.slots, parts_.cgroups, spec_.limits)); }

  // Nothing if this container is not parked, or the program does not suit it, or it fails before the program has
  // started: then a new interpreter runs it.
  std::optional<RunResult> run_parked(const Program& program, const InputNeed& inputs, const OutputSink& sink) {
    if (parked_ && (!suits_parked(program) || !parked_->init->is_alive())) parked_.reset();
    if (!parked_) return std::nullopt;
    const auto start = parked_->was_waiting ? WarmPool::Start::parked : WarmPool::Start::on_demand;
    bool was_heard = false;
    const auto heard = [&](Stream stream, std::string_view text) {
      was_heard = true;
      sink(stream, text);
    };
    try {
      wake_parked();
      RunResult result = run_in_init(program, inputs, sink ? OutputSink(heard) : OutputSink());
      parts_.pool->note_start(start);
      return result;
    } catch (const Error& error) {
      const bool is_used_up = workspace_ && !can_be_placed_again(program);
      if (error.code() != ErrorCode::sandbox_unavailable || was_heard || is_used_up) throw;
    }
    parts_.pool->note_failure();
    workspace_.reset();
    init_.reset();
    place_.reset();
    zygote_.reset();
    return std::nullopt;
  }

  // From here on it is a container like any other, but for its interpreter.
  void wake_parked() {
    zygote_ = std::move(parked_->zygote);
    place_.emplace(std::move(parked_->place));
    init_ = std::move(parked_->init);
    parked_.reset();
    if (place_->cgroup) place_->cgroup->begin(spec_.limits);
  }

  RunResult run_in_init(const Program& program, const InputNeed& inputs, const OutputSink& sink) {
    workspace_ = std::make_unique<Workspace>(init_->workspace(), guest_uid(), guest_gid());
    workspace_->place(program);
    workspace_->place(aids_);
    CappedOutput output(Stream::stdout_stream, spec_.limits.stdout_bytes, sink);
    CappedOutput errors(Stream::stderr_stream, spec_.limits.stderr_bytes, sink);
    Streams streams = start_program(program, inputs);
    try {
      const std::unique_ptr<Meter> meter = make_meter();
      const Observation seen =
          supervise({*init_, *meter, spec_.limits, std::move(streams), [&](std::string_view text) { output.add(text); },
                     [&](std::string_view text) { errors.add(text); }, stop_event_.get()});
      if (zygote_ && !seen.started && !seen.report && seen.stop == StopReason::none) {
        throw Error(ErrorCode::sandbox_unavailable, "a parked container ended before it had its program");
      }
      return describe(seen, output, errors);
    } catch (...) {
      init_->kill();
      init_->reap();
      throw;
    }
  }

  std::unique_ptr<Meter> make_meter() const {
    if (cgroup()) return std::make_unique<CgroupMeter>(*cgroup());
    return std::make_unique<TreeMeter>(init_->pid(), spec_.limits.memory_bytes);
  }

  void start_init(const InputNeed& inputs) {
    InitStart start{};
    start.host_uid = guest_uid();
    start.host_gid = guest_gid();
    start.privileged = root_;
    start.cgroup = cgroup() != nullptr ? cgroup()->entry() : -1;
    start.plan.workspace_bytes = spec_.limits.workspace_bytes + inputs.bytes;
    start.plan.workspace_inodes = spec_.limits.workspace_inodes + inputs.inodes;
    start.plan.may_set_groups = root_ ? 1 : 0;
    start.plan.removed_layers = removed_layers_;
    std::strncpy(start.plan.rootfs, options_.rootfs.c_str(), sizeof start.plan.rootfs - 1);
    std::strncpy(start.plan.environment, spec_.environment_directory.c_str(), sizeof start.plan.environment - 1);
    init_ = std::make_unique<InitProcess>(parts_.init, start);
  }

  // Returns our ends of its streams.
  Streams start_program(const Program& program, const InputNeed& inputs) {
    const Words words = program_words(program, aids_, options_.python, has(removed_layers_, Layer::environment));
    ProgramPlan plan = words.plan;
    plan.open_files = spec_.limits.open_files;
    plan.file_size_bytes = spec_.limits.file_size_bytes;
    // With a cgroup the rlimit is the second line: the first one to refuse is the one that counts its refusals.
    plan.workspace_bytes = spec_.limits.workspace_bytes + inputs.bytes;
    plan.workspace_inodes = spec_.limits.workspace_inodes + inputs.inodes;
    plan.processes = spec_.limits.processes + (cgroup() ? 8 : 0);
    plan.cpu_seconds = static_cast<std::uint64_t>(
        std::chrono::ceil<std::chrono::seconds>(spec_.limits.cpu_time_limit + spec_.limits.grace_period).count() + 2);
    plan.data_bytes = cgroup() ? 0 : spec_.limits.memory_bytes;
    plan.last_resort_milliseconds = static_cast<std::uint64_t>(
        (spec_.limits.time_limit + spec_.limits.grace_period + std::chrono::seconds(2)).count());
    const UniqueFd words_file = memory_file("words", words.bytes);
    const UniqueFd input = program.stdin.empty() ? UniqueFd(::open("/dev/null", O_RDONLY | O_CLOEXEC))
                                                 : memory_file("stdin", program.stdin);
    check(input.get(), "opening /dev/null");
    Pipe output = make_pipe(guest_uid(), guest_gid());
    Pipe errors = make_pipe(guest_uid(), guest_gid());
    // Who was parked is in its cgroup already.
    const auto tasks_files = cgroup() && !zygote_ ? cgroup()->take_tasks_files() : std::vector<UniqueFd>();
    plan.cgroup_files = static_cast<std::uint32_t>(tasks_files.size());
    std::vector<int> fds{words_file.get(), input.get(), output.write_end.get(), errors.write_end.get()};
    for (const auto& file : tasks_files) fds.push_back(file.get());
    if (!send(init_->channel(), plan, fds)) {
      check(-1, "handing a program to its container", ErrorCode::sandbox_unavailable);
    }
    return {std::move(output.read_end), std::move(errors.read_end)};
  }

  RunResult describe(const Observation& seen, CappedOutput& output, CappedOutput& errors) {
    const auto refused = cgroup() ? std::optional(cgroup()->refused_forks()) : std::nullopt;
    return conclude({spec_.limits, seen, cgroup(), refused, *workspace_, output, errors}, isolation());
  }

  Isolation isolation() const {
    Isolation what;
    what.runner = "native";
    what.boundary = "process";
    what.mode = root_ ? "root" : "rootless";
    what.cgroup = cgroup() ? parts_.cgroups->version() : "none";
    what.limits = cgroup() ? "cgroup" : "rlimits+watchdog";
    what.namespaces = {"user", "mount", "pid", "net", "ipc", "uts", "cgroup"};
    what.seccomp = "python-strict";
    what.landlock_abi = init_->landlock_abi();
    what.unique_uid = root_;
    what.start = zygote_ ? "warm" : spec_.start == StartMode::fresh ? "fresh" : "cold";
    return what;
  }

  Cgroup* cgroup() const { return place_ ? place_->cgroup.get() : nullptr; }

  const RunnerParts& parts_;
  const NativeRunnerOptions& options_;
  ContainerSpec spec_;
  PackageAids aids_;
  std::uint32_t removed_layers_;
  bool root_;
  std::unique_ptr<ParkedContainer> parked_;  // until run() wakes it, or finds that it does not serve
  // Destroyed from the last to the first: the init dies, then its cgroup goes, then the slot is free.
  std::shared_ptr<Zygote> zygote_;  // null: the interpreter is a new one
  std::optional<Place> place_;
  std::unique_ptr<InitProcess> init_;
  std::unique_ptr<Workspace> workspace_;
  UniqueFd stop_event_;
};

void check_environment(const std::string& directory) {
  if (directory.empty() || (directory.front() == '/' && directory.size() < sizeof(ContainerPlan::environment))) return;
  throw Error(ErrorCode::invalid_request, "environment_directory must be an absolute path of at most 4095 bytes");
}

class NativeRunner final : public ContainerRunner, public PoolHolder {
 public:
  NativeRunner(const NativeRunnerOptions& options, std::span<const std::byte> init_image, std::uint32_t removed_layers)
      : options_(options), init_image_(init_image), removed_layers_(removed_layers) {}

  std::string_view name() const override { return "native"; }

  std::unique_ptr<Container> open(const ContainerSpec& spec) override {
    check_limits(spec.limits);
    check_environment(spec.environment_directory);
    prepare_once();
    refuse_too_weak(spec.minimum_isolation);
    std::unique_ptr<ParkedContainer> parked;
    if (pool_ && spec.start == StartMode::any) parked = pool_->take(spec.environment_directory);
    if (!parked) bury_the_dead();
    return std::make_unique<NativeContainer>(*parts_, spec, std::move(parked));
  }

  std::size_t parked(const std::string& environment_directory) override {
    return pool_ ? pool_->parked(environment_directory) : 0;
  }

  std::optional<PoolUsage> pool_usage() override {
    const std::lock_guard lock(mutex_);
    return pool_ ? std::optional(pool_->usage()) : std::nullopt;
  }

  std::vector<HostFinding> check() override {
    std::vector<HostFinding> findings = check_host(options_);
    if (options_.pool.maximum == 0) return findings;
    try {
      prepare_once();
      if (pool_) findings.push_back(pool_->finding());
    } catch (const Error& error) {
      findings.push_back({"warm starts", HostFinding::Level::weaker, error.what(), "mend what else is missing first"});
    }
    return findings;
  }

 private:
  void prepare_once() {
    const std::lock_guard lock(mutex_);
    if (image_) return;
    if (!can_measure_tree()) {
      throw Error(ErrorCode::sandbox_unavailable,
                  "/proc lists no children of processes, which the watchdog needs; mount /proc, on a kernel with "
                  "CONFIG_PROC_CHILDREN");
    }
    auto slots = std::make_unique<SlotTable>(options_);
    cgroups_ = find_cgroup_tree(options_.cgroup_parent);
    slots_ = std::move(slots);
    auto image = std::make_unique<InitImage>(init_image_);
    parts_.emplace(RunnerParts{options_, *image, cgroups_.tree.get(), *slots_, removed_layers_});
    if (options_.pool.maximum > 0 && removed_layers_ == 0) {
      library_ = std::make_unique<InitImage>(InitImage::zygote_library());
      pool_ = std::make_unique<WarmPool>(ZygoteParts{options_, *image, *library_, cgroups_.tree.get(), *slots_});
    }
    parts_->pool = pool_.get();
    image_ = std::move(image);
  }

  void refuse_too_weak(MinimumIsolation minimum) const {
    if (minimum == MinimumIsolation::vm_like) {
      throw Error(ErrorCode::sandbox_unavailable,
                  "the job asks for a kernel of its own, and the native runner shares the host's; use the oci runner "
                  "with runsc");
    }
    if (minimum != MinimumIsolation::rlimits && !cgroups_.tree) {
      throw Error(ErrorCode::sandbox_unavailable,
                  "the job asks for limits kept by cgroups, but " + cgroups_.obstacle + "; " + cgroups_.remedy);
    }
    if (minimum >= MinimumIsolation::full && ::geteuid() != 0) {
      throw Error(ErrorCode::sandbox_unavailable,
                  "the job asks for a user id of its own, which only a runner started by root can give; run as root");
    }
    // Under root a missing cgroup is a broken set-up and not a way of life: it must be asked for by name.
    if (::geteuid() == 0 && !cgroups_.tree && options_.cgroup_parent != "none") {
      throw Error(ErrorCode::sandbox_unavailable, "no cgroup can be had: " + cgroups_.obstacle +
                                                      "; to run with rlimits and a watchdog all the same, set "
                                                      "cgroup_parent to \"none\"");
    }
  }

  // A host that was killed leaves empty cgroups. Whoever can lock their slots knows that.
  void bury_the_dead() {
    if (!cgroups_.tree) return;
    for (const auto& name : cgroups_.tree->names()) {
      if (const auto slot = slots_->claim_dead(name)) cgroups_.tree->remove(name);
    }
  }

  NativeRunnerOptions options_;
  std::span<const std::byte> init_image_;
  std::uint32_t removed_layers_;
  std::mutex mutex_;  // held while prepare_once() makes what does not change after
  std::unique_ptr<SlotTable> slots_;
  CgroupDiscovery cgroups_;
  std::unique_ptr<InitImage> image_;  // the last that prepare_once() makes, but for what uses it
  std::unique_ptr<InitImage> library_;
  std::optional<RunnerParts> parts_;
  std::unique_ptr<WarmPool> pool_;  // null: none is asked for
};

constexpr std::uint32_t maximum_parked = 1'000;

void check_options(const NativeRunnerOptions& options) {
  if (options.python.empty() || options.python.front() != '/') {
    throw Error(ErrorCode::invalid_request, "python must be an absolute path, not \"" + options.python + "\"");
  }
  if (options.rootfs.size() >= sizeof(ContainerPlan::rootfs) ||
      (!options.rootfs.empty() && options.rootfs.front() != '/')) {
    throw Error(ErrorCode::invalid_request, "rootfs must be an absolute path of at most 4095 bytes");
  }
  if (options.pool.maximum > maximum_parked || options.pool.minimum > options.pool.maximum ||
      options.pool.rotate_after_programs == 0 || options.pool.rotate_after.count() <= 0 ||
      options.pool.idle_time.count() <= 0) {
    throw Error(ErrorCode::invalid_request,
                "pool: minimum must not be over maximum nor maximum over 1000, and the times and counts be above zero");
  }
  if (options.uid_count == 0 || options.first_uid < 1000 || options.first_uid > 0xfffffff0u - options.uid_count) {
    throw Error(ErrorCode::invalid_request, "first_uid and uid_count must name a range of user ids above 1000");
  }
}

}  // namespace

std::unique_ptr<ContainerRunner> make_runner(const NativeRunnerOptions& options, std::span<const std::byte> init_image,
                                             std::uint32_t removed_layers) {
  check_options(options);
  return std::make_unique<NativeRunner>(options, init_image, removed_layers);
}

}  // namespace pysandbox::container

namespace pysandbox {

std::unique_ptr<ContainerRunner> make_native_runner(const NativeRunnerOptions& options) {
  return container::make_runner(options, container::InitImage::built_in(), 0);
}

}  // namespace pysandbox
