// cgroup v1: a directory in each controller's own hierarchy.
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <sstream>

#include "container/cgroup.hpp"
#include "support/syscall.hpp"

namespace pysandbox::container {
namespace {

constexpr const char* controllers[] = {"memory", "pids", "cpu", "cpuacct"};

// controller -> directory; controllers that are mounted together share one.
using Directories = std::map<std::string, std::string>;

constexpr std::uint64_t cpu_period = 100'000;  // microseconds; Documentation/scheduler/sched-bwc.rst

void limit_memory(const std::string& directory, std::uint64_t bytes) {
  const std::string value = std::to_string(bytes);
  // Memory alone can never be over memory and swap together, so what is raised is raised after that.
  if (!try_write_control(directory + "/memory.limit_in_bytes", value)) {
    try_write_control(directory + "/memory.memsw.limit_in_bytes", value);
    write_control(directory + "/memory.limit_in_bytes", value);
  }
  // A kernel that does not count swap has no such file; then nothing may be swapped out at all.
  if (!try_write_control(directory + "/memory.memsw.limit_in_bytes", value)) {
    write_control(directory + "/memory.swappiness", "0");
  }
}

void set_limits(const Directories& directories, const Limits& limits) {
  limit_memory(directories.at("memory"), limits.memory_bytes);
  write_control(directories.at("pids") + "/pids.max", std::to_string(limits.processes + 1));  // and the init
  write_control(directories.at("cpu") + "/cpu.cfs_period_us", std::to_string(cpu_period));
  write_control(directories.at("cpu") + "/cpu.cfs_quota_us",
                std::to_string(static_cast<std::uint64_t>(limits.cpus * cpu_period)));
}

class CgroupV1 final : public Cgroup {
 public:
  CgroupV1(Directories directories, UniqueFd lock, const Limits& limits)
      : directories_(std::move(directories)), lock_(std::move(lock)), limits_(limits) {}

  ~CgroupV1() override {
    kill();
    for (const auto& directory : unique_directories()) remove_cgroup_directory(directory, burial_patience_ms);
  }

  int entry() const noexcept override { return -1; }

  std::vector<UniqueFd> take_tasks_files() override {
    std::vector<UniqueFd> files;
    for (const auto& directory : unique_directories()) {
      files.emplace_back(::open((directory + "/tasks").c_str(), O_WRONLY | O_CLOEXEC));
      check(files.back().get(), "opening " + directory + "/tasks", ErrorCode::sandbox_unavailable);
    }
    return files;
  }

  void adopt(pid_t) override {}

  void begin(const Limits& limits) override {
    if (!keeps_the_same(limits, limits_)) set_limits(directories_, limits);
    try_write_control(file("memory", "memory.max_usage_in_bytes"), "0");
    cpu_time_before_ = cpu_time();
    cpu_user_before_ = cpu_user();
  }

  std::chrono::microseconds cpu_time() const override {
    return std::chrono::microseconds(read_number(file("cpuacct", "cpuacct.usage")) / 1000) - cpu_time_before_;
  }
  std::chrono::microseconds cpu_user() const override {
    return std::chrono::microseconds(read_number(file("cpuacct", "cpuacct.usage_user")) / 1000) - cpu_user_before_;
  }
  std::uint64_t memory_peak() const override { return read_number(file("memory", "memory.max_usage_in_bytes")); }
  std::uint64_t oom_kills() const override { return read_key(file("memory", "memory.oom_control"), "oom_kill"); }
  std::uint64_t refused_forks() const override { return read_key(file("pids", "pids.events"), "max"); }
  std::uint64_t processes_now() const override { return read_number(file("pids", "pids.current")); }

  std::optional<std::uint64_t> processes_peak() const override {
    const std::uint64_t peak = read_number(file("pids", "pids.peak"));
    return peak == 0 ? std::nullopt : std::optional(peak);
  }

  void kill() noexcept override { kill_processes(directories_.at("pids") + "/cgroup.procs"); }

 private:
  std::string file(const char* controller, const char* name) const { return directories_.at(controller) + "/" + name; }

  std::vector<std::string> unique_directories() const {
    std::vector<std::string> unique;
    for (const auto& [controller, directory] : directories_) {
      if (std::find(unique.begin(), unique.end(), directory) == unique.end()) unique.push_back(directory);
    }
    return unique;
  }

  Directories directories_;
  UniqueFd lock_;  // on the directory of pids: its owner is alive
  Limits limits_;  // as they were when it was made
  std::chrono::microseconds cpu_time_before_{0};
  std::chrono::microseconds cpu_user_before_{0};
};

class TreeV1 final : public CgroupTree {
 public:
  TreeV1(Directories parents, bool hybrid) : parents_(std::move(parents)), hybrid_(hybrid) {}

  std::string version() const override { return hybrid_ ? "hybrid" : "v1"; }
  std::string place() const override { return parents_.at("memory"); }

  std::unique_ptr<Cgroup> make(const std::string& name, const Limits& limits) override {
    remove(name);  // of a holder that died
    Directories directories;
    UniqueFd lock;
    for (const char* controller : {"pids", "memory", "cpu", "cpuacct"}) {
      const std::string directory = parents_.at(controller) + "/" + name;
      const bool shared =
          std::any_of(directories.begin(), directories.end(), [&](const auto& one) { return one.second == directory; });
      const int error = shared || ::mkdir(directory.c_str(), 0755) == 0 ? 0 : errno;
      if (error == 0) directories[controller] = directory;
      if (error == 0 && !lock) lock = lock_directory(directory);
      if (error == 0 && lock) continue;
      for (const auto& [made, path] : directories) ::rmdir(path.c_str());
      // Somebody's, or it will not go away, or somebody clears it at this moment: not ours.
      if (error == 0 || error == EEXIST) return nullptr;
      errno = error;
      check(-1, "making the cgroup " + directory, ErrorCode::sandbox_unavailable);
    }
    auto cgroup = std::make_unique<CgroupV1>(directories, std::move(lock), limits);
    set_limits(directories, limits);
    return cgroup;
  }

  std::vector<std::string> names() const override {
    std::vector<std::string> all;
    for (const auto& [controller, parent] : parents_) {
      for (auto& name : subdirectories(parent)) {
        if (std::find(all.begin(), all.end(), name) == all.end()) all.push_back(std::move(name));
      }
    }
    return all;
  }

  void remove(const std::string& name) noexcept override {
    const std::string locked = parents_.at("pids") + "/" + name;
    const UniqueFd lock = lock_directory(locked);
    if (!lock && ::access(locked.c_str(), F_OK) == 0) return;  // its owner is alive
    for (const auto& [controller, parent] : parents_) {
      const std::string directory = parent + "/" + name;
      if (::access(directory.c_str(), F_OK) != 0) continue;
      kill_processes(directory + "/cgroup.procs");
      remove_cgroup_directory(directory, clearing_patience_ms);
    }
  }

 private:
  Directories parents_;
  bool hybrid_;
};

}  // namespace

CgroupDiscovery find_cgroup_v1(const std::string& parent) {
  const std::string remedy =
      "run as root, or let an administrator make a cgroup that you own and name it as cgroup_parent";
  Directories parents;
  for (const std::string controller : controllers) {
    const std::string mount = mount_of("cgroup", controller);
    if (mount.empty()) return {nullptr, "the cgroup v1 controller " + controller + " is not mounted", remedy};
    const std::string place = parent.empty() ? cgroup_of_self(controller) : parent;
    std::string directory = mount + (place == "/" ? "" : place) + "/" + cgroup_parent_name;
    if (::mkdir(directory.c_str(), 0755) != 0 && errno != EEXIST) {
      return {nullptr, "making the cgroup " + directory + ": " + errno_text(errno), remedy};
    }
    if (::access(directory.c_str(), W_OK) != 0) {
      return {nullptr, "the cgroup " + directory + " belongs to somebody else", remedy};
    }
    parents[controller] = std::move(directory);
  }
  const bool hybrid = !mount_of("cgroup2", "").empty();
  return {std::make_unique<TreeV1>(std::move(parents), hybrid), "", ""};
}

}  // namespace pysandbox::container
