// A container of the OCI runner: a slot, a cgroup and a place with a bundle; a run is files, a program, a watch and a
// verdict, as in the native runner.
#include "oci/oci_container.hpp"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <optional>

#include <pysandbox/error.hpp>

#include "container/capped_output.hpp"
#include "container/conclusion.hpp"
#include "container/meter.hpp"
#include "container/package_aids.hpp"
#include "container/place.hpp"
#include "container/program_words.hpp"
#include "container/steward.hpp"
#include "container/supervisor.hpp"
#include "container/workspace.hpp"
#include "oci/bundle.hpp"
#include "oci/oci_init.hpp"
#include "oci/private_place.hpp"
#include "support/syscall.hpp"

namespace pysandbox::oci {
namespace {

using namespace container;

constexpr std::uint64_t report_bytes = 32 << 10;
constexpr std::uint64_t own_bytes = report_bytes + (64 << 10);
constexpr std::uint64_t own_inodes = 8;

// Threads that a runtime has inside of the cgroup before it becomes the steward.
constexpr std::uint64_t threads_of_runtime = 64;

// What gVisor's kernel itself takes: its memory and its threads are in the job's cgroup.
constexpr std::uint64_t memory_of_gvisor = 32ULL << 20;
constexpr std::uint64_t threads_of_gvisor = 4'096;

// As the cgroup keeps them. Who shares it with gVisor has its room besides.
Limits cgroup_limits(Limits limits, const Runtime& runtime) {
  if (!runtime.is_vm_like()) return limits;
  limits.memory_bytes += memory_of_gvisor;
  limits.processes += threads_of_gvisor;
  return limits;
}

Limits starting_limits(const Limits& limits, const Runtime& runtime) {
  Limits starting = cgroup_limits(limits, runtime);
  starting.processes += threads_of_runtime;
  return starting;
}

// The cgroup counts gVisor's threads, which say nothing of the program's.
class RuntimeMeter final : public Meter {
 public:
  RuntimeMeter(const Cgroup& cgroup, const Runtime& runtime) : cgroup_(cgroup), vm_like_(runtime.is_vm_like()) {}

  Reading read() override {
    Reading reading = cgroup_.read();
    if (vm_like_) reading.processes = 0;
    return reading;
  }
  std::chrono::milliseconds interval() const noexcept override { return cgroup_.interval(); }

 private:
  CgroupMeter cgroup_;
  bool vm_like_;
};

struct Pipe {
  UniqueFd read_end;
  UniqueFd write_end;
};

Pipe make_pipe(uid_t owner) {
  int ends[2];
  check(::pipe2(ends, O_CLOEXEC), "making a pipe for a program's output");
  Pipe pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
  check(::fchown(pipe.write_end.get(), owner, owner), "giving a pipe to a program");
  return pipe;
}

void mount_tmpfs(const std::string& place, unsigned long flags, const std::string& options) {
  check(::mount("tmpfs", place.c_str(), "tmpfs", flags, options.c_str()), "mounting a tmpfs on " + place,
        ErrorCode::sandbox_unavailable);
}

void make_directory(const std::string& path, mode_t mode, uid_t owner) {
  check(::mkdir(path.c_str(), mode), "making " + path);
  check(::chmod(path.c_str(), mode), "making " + path);
  check(::chown(path.c_str(), owner, owner), "giving " + path + " to a program");
}

void write_file(const std::string& path, std::string_view content, mode_t mode) {
  const UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
  check(file.get(), "making " + path);
  if (!write_all(file.get(), content)) check(-1, "writing " + path);
  check(::fchmod(file.get(), mode), "making " + path);
}

bool counts_swap(const CgroupTree& cgroups) {
  return cgroups.version() == "v2" || ::access((cgroups.place() + "/memory.memsw.limit_in_bytes").c_str(), F_OK) == 0;
}

// The last line that says something; of runc's, which are written for machines, the message alone.
std::string last_line(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  text.erase(0, text.rfind('\n') + 1);
  constexpr std::string_view key = " msg=\"";
  const auto found = text.find(key);
  if (found == std::string::npos || text.back() != '"') return text;
  std::string message = text.substr(found + key.size(), text.size() - found - key.size() - 1);
  for (auto slash = message.find("\\\""); slash != std::string::npos; slash = message.find("\\\"", slash)) {
    message.erase(slash, 1);
  }
  return message;
}

class OciContainer final : public Container {
 public:
  OciContainer(const OciParts& parts, const ContainerSpec& spec)
      : parts_(parts),
        spec_(spec),
        aids_(package_aids(spec.environment_directory, spec.limits)),
        stop_event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
        place_(take_place(parts.slots, &parts.cgroups, starting_limits(spec.limits, parts.runtime))) {
    check(stop_event_.get(), "making an event for stopping");
  }

  ~OciContainer() override {
    if (!init_) return;
    init_->kill();
    init_->reap();
    delete_container(parts_, place_.slot.name());
  }

  RunResult run(const Program& program, const OutputSink& sink) override {
    if (private_) throw Error(ErrorCode::conflict, "this container has run its one program; open another one");
    const InputNeed inputs = measure_inputs(program) + measure_aids(aids_);
    private_ = std::make_unique<PrivatePlace>();
    private_->run([&] { make_bundle(inputs); });
    workspace_ = std::make_unique<Workspace>(space_.get(), guest_uid(), guest_uid());
    workspace_->place(program);
    workspace_->place(aids_);

    CappedOutput output(Stream::stdout_stream, spec_.limits.stdout_bytes, sink);
    CappedOutput errors(Stream::stderr_stream, spec_.limits.stderr_bytes, sink);
    const ReportMark mark = new_mark();
    ReportSieve sieve(mark, [&](std::string_view text) { errors.add(text); });
    Streams streams = start_runtime(sieve);
    try {
      init_->send_start(steward_input(mark, words_of(program), program.stdin));
      const Observation seen = watch(std::move(streams), output, sieve);
      if (!seen.started && seen.stop == StopReason::none) throw_not_started(sieve);
      return describe(seen, output, errors);
    } catch (...) {
      init_->kill();
      init_->reap();
      throw;
    }
  }

  void collect(RunResult& result, const std::function<void(OutputFile&)>& take) override {
    if (workspace_) workspace_->collect(spec_.limits, result, take);
  }

  void stop() noexcept override {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(stop_event_.get(), &one, sizeof one);
  }

 private:
  uid_t guest_uid() const { return place_.slot.uid(); }

  // runsc makes its root read-only by a mount that names no other flag, which a user namespace may not take away
  // (mount_namespaces(7)). What its programs see are flags of gVisor's.
  unsigned long bundle_flags() const { return parts_.runtime.is_vm_like() ? 0 : MS_NOSUID | MS_NODEV; }

  // On the thread of the private place.
  void make_bundle(const InputNeed& inputs) {
    const std::string& directory = parts_.mount_point;
    Bundle bundle{};
    bundle.directory = directory;
    bundle.space = directory + "/space";
    bundle.steward = directory + "/steward";
    mount_tmpfs(directory, bundle_flags(), "mode=0755,size=16m,nr_inodes=4096");
    make_directory(directory + "/rootfs", 0755, 0);
    make_directory(bundle.space, 0755, 0);
    make_space(bundle.space, inputs);
    bundle.shown = lay_out_root(directory + "/rootfs", show_rootfs());
    bundle.environment = show_environment();
    if (!bundle.environment.empty()) make_directory(directory + "/rootfs/environment", 0755, 0);
    const auto image = steward_image();
    write_file(bundle.steward, {reinterpret_cast<const char*>(image.data()), image.size()}, 0555);
    bundle.cgroup_path = parts_.cgroup_parent + "/" + place_.slot.name();
    bundle.guest_uid = guest_uid();
    bundle.root_uid = guest_uid() + parts_.options.uid_count;
    bundle.limits = starting_limits(spec_.limits, parts_.runtime);
    bundle.counts_swap = counts_swap(parts_.cgroups);
    write_file(directory + "/config.json", bundle_config(bundle, parts_.runtime.kind), 0600);
  }

  void make_space(const std::string& space, const InputNeed& inputs) {
    mount_tmpfs(space, MS_NOSUID | MS_NODEV,
                "mode=0755,size=" + std::to_string(spec_.limits.workspace_bytes + inputs.bytes + own_bytes) +
                    ",nr_inodes=" + std::to_string(spec_.limits.workspace_inodes + inputs.inodes + own_inodes));
    make_directory(space + "/workspace", 0755, guest_uid());
    make_directory(space + "/data", 0755, guest_uid());
    make_directory(space + "/tmp", 01777, guest_uid());
    make_directory(space + "/shm", 01777, guest_uid());
    make_report(space + "/report");
    space_.reset(::open(space.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    check(space_.get(), "opening " + space);
  }

  // With room of its own, so that a full disk still lets the program say why it failed.
  void make_report(const std::string& path) {
    write_file(path, "", 0600);
    const UniqueFd file(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW));
    check(file.get(), "opening " + path);
    check(::fallocate(file.get(), 0, 0, report_bytes), "making room for " + path);
    check(::fchown(file.get(), guest_uid(), guest_uid()), "giving " + path + " to a program");
  }

  // What lies below folders that are closed to others is closed to the root of a user namespace too: it is shown
  // from a place that is not.
  std::string show(const std::string& source, const std::string& name) {
    const std::string place = parts_.mount_point + "/" + name;
    check(::mkdir(place.c_str(), 0755), "making " + place);
    check(::mount(source.c_str(), place.c_str(), nullptr, MS_BIND | MS_REC, nullptr), "showing " + source,
          ErrorCode::sandbox_unavailable);
    return place;
  }
  std::string show_rootfs() { return parts_.options.rootfs.empty() ? "" : show(parts_.options.rootfs, "image"); }
  std::string show_environment() {
    return spec_.environment_directory.empty() ? "" : show(spec_.environment_directory, "environment");
  }

  Words words_of(const Program& program) const {
    Words words = program_words(program, aids_, parts_.options.python, false);
    ProgramPlan& plan = words.plan;
    plan.open_files = spec_.limits.open_files;
    plan.file_size_bytes = spec_.limits.file_size_bytes;
    // With a cgroup that counts them the rlimit is the second line; gVisor has this one alone.
    plan.processes = spec_.limits.processes + (parts_.runtime.is_vm_like() ? 0 : 8);
    plan.cpu_seconds = static_cast<std::uint64_t>(
        std::chrono::ceil<std::chrono::seconds>(spec_.limits.cpu_time_limit + spec_.limits.grace_period).count() + 2);
    plan.last_resort_milliseconds = static_cast<std::uint64_t>(
        (spec_.limits.time_limit + spec_.limits.grace_period + std::chrono::seconds(2)).count());
    return words;
  }

  // Returns our ends of the program's streams.
  Streams start_runtime(ReportSieve& sieve) {
    Pipe output = make_pipe(guest_uid());
    Pipe errors = make_pipe(guest_uid());
    int pair[2];
    check(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), "making a channel to a container");
    UniqueFd ours(pair[0]);
    const UniqueFd theirs(pair[1]);
    const timeval patience{60, 0};
    check(::setsockopt(ours.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience), "setting up a channel");
    std::vector<std::string> words = runtime_words(parts_.runtime, parts_.runtime_state);
    words.insert(words.end(), {"run", "--bundle", parts_.mount_point});
    // Else its cgroup would go before anybody has read what it counted.
    if (parts_.runtime.kind == RuntimeKind::runc) words.push_back("--keep");
    words.push_back(place_.slot.name());
    std::unique_ptr<HostProcess> process;
    private_->run([&] {
      process =
          std::make_unique<HostProcess>(HostProgram{.path = parts_.runtime.path, .arguments = std::move(words)},
                                        HostStreams{theirs.get(), output.write_end.get(), errors.write_end.get()});
    });
    init_ = std::make_unique<OciInit>(std::move(process), std::move(ours), *place_.cgroup,
                                      cgroup_limits(spec_.limits, parts_.runtime), sieve);
    return {std::move(output.read_end), std::move(errors.read_end)};
  }

  Observation watch(Streams streams, CappedOutput& output, ReportSieve& sieve) {
    RuntimeMeter meter(*place_.cgroup, parts_.runtime);
    Observation seen =
        supervise({*init_, meter, spec_.limits, std::move(streams), [&](std::string_view text) { output.add(text); },
                   [&](std::string_view text) { sieve.add(text); }, stop_event_.get()});
    sieve.finish();
    return seen;
  }

  [[noreturn]] void throw_not_started(const ReportSieve& sieve) const {
    const std::string said = last_line(sieve.complaint());
    throw Error(ErrorCode::sandbox_unavailable,
                "the OCI runtime " + parts_.runtime.text() +
                    " could not start a container: " + (said.empty() ? "it does not say why" : said) +
                    "; try pysandbox doctor, another runtime, or the native runner");
  }

  RunResult describe(const Observation& seen, CappedOutput& output, CappedOutput& errors) const {
    const bool counted = !parts_.runtime.is_vm_like();
    const auto refused = counted ? std::optional(place_.cgroup->refused_forks()) : std::nullopt;
    RunResult result =
        conclude({spec_.limits, seen, place_.cgroup.get(), refused, *workspace_, output, errors}, isolation());
    if (!counted) result.usage.processes_peak = seen.report ? seen.report->leftovers + 1 : 1;
    result.warnings.insert(result.warnings.end(), parts_.flaws.begin(), parts_.flaws.end());
    return result;
  }

  Isolation isolation() const {
    Isolation what;
    what.runner = "oci";
    what.runtime = parts_.runtime.text();
    what.boundary = parts_.runtime.is_vm_like() ? "vm_like" : "process";
    what.mode = "root";
    what.cgroup = parts_.cgroups.version();
    what.limits = "cgroup";
    what.namespaces = {"user", "mount", "pid", "net", "ipc", "uts"};
    if (!parts_.runtime.is_vm_like()) what.namespaces.push_back("cgroup");
    what.seccomp = "python-strict";
    what.unique_uid = true;
    what.start = spec_.start == StartMode::fresh ? "fresh" : "cold";
    return what;
  }

  const OciParts& parts_;
  ContainerSpec spec_;
  PackageAids aids_;
  UniqueFd stop_event_;
  // Destroyed from the last to the first: the runtime ends, then its mounts go, then the cgroup, then the slot is free.
  Place place_;
  std::unique_ptr<PrivatePlace> private_;
  UniqueFd space_;
  std::unique_ptr<Workspace> workspace_;
  std::unique_ptr<OciInit> init_;
};

}  // namespace

std::vector<std::string> runtime_words(const Runtime& runtime, const std::string& state) {
  if (runtime.kind != RuntimeKind::runsc) return {"--root", state};
  return {"--root", state, "--network=none", "--oci-seccomp", "--host-uds=none"};
}

void delete_container(const OciParts& parts, const std::string& name) noexcept {
  try {
    std::vector<std::string> words = runtime_words(parts.runtime, parts.runtime_state);
    words.insert(words.end(), {"delete", "--force", name});
    parts.launcher.run({.path = parts.runtime.path, .arguments = std::move(words), .timeout = std::chrono::seconds(20)},
                       {}, {});
  } catch (const std::exception&) {
    // What stays is cleared by whoever gets this slot next.
  }
}

std::unique_ptr<Container> make_oci_container(const OciParts& parts, const ContainerSpec& spec) {
  return std::make_unique<OciContainer>(parts, spec);
}

}  // namespace pysandbox::oci
