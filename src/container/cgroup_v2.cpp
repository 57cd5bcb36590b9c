// cgroup v2: one directory, into which the init is born.
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <sstream>
#include <string_view>

#include "container/cgroup.hpp"
#include "support/syscall.hpp"

namespace pysandbox::container {
namespace {

constexpr std::uint64_t cpu_period = 100'000;  // microseconds; Documentation/admin-guide/cgroup-v2.rst
constexpr std::string_view host_leaf = "/pysandbox-host";

bool has_word(const std::string& text, const std::string& word) {
  std::istringstream words(text);
  for (std::string one; words >> one;) {
    if (one == word) return true;
  }
  return false;
}

bool has_controllers(const std::string& text) {
  return has_word(text, "memory") && has_word(text, "pids") && has_word(text, "cpu");
}

// cgroup.kill is of Linux 5.14.
void kill_members(const std::string& directory) noexcept {
  if (!try_write_control(directory + "/cgroup.kill", "1")) kill_processes(directory + "/cgroup.procs");
}

void set_limits(const std::string& directory, const Limits& limits) {
  write_control(directory + "/memory.max", std::to_string(limits.memory_bytes));
  // There is no such file where the kernel does not count swap, which it does only if there may be any.
  if (::access((directory + "/memory.swap.max").c_str(), F_OK) == 0) {
    write_control(directory + "/memory.swap.max", "0");
  }
  write_control(directory + "/memory.oom.group", "1");
  write_control(directory + "/pids.max", std::to_string(limits.processes + 1));  // and the init
  write_control(directory + "/cpu.max", std::to_string(static_cast<std::uint64_t>(limits.cpus * cpu_period)) + " " +
                                            std::to_string(cpu_period));
}

class CgroupV2 final : public Cgroup {
 public:
  // `entry` is locked: its owner is alive.
  CgroupV2(std::string directory, UniqueFd entry, const Limits& limits)
      : directory_(std::move(directory)), entry_(std::move(entry)), limits_(limits) {}

  ~CgroupV2() override {
    kill();
    remove_cgroup_directory(directory_, burial_patience_ms);
  }

  int entry() const noexcept override { return entry_.get(); }
  std::vector<UniqueFd> take_tasks_files() override { return {}; }

  void adopt(pid_t pid) override { write_control(directory_ + "/cgroup.procs", std::to_string(pid)); }

  void begin(const Limits& limits) override {
    if (!keeps_the_same(limits, limits_)) set_limits(directory_, limits);
    cpu_time_before_ = cpu_time();
    cpu_user_before_ = cpu_user();
  }

  std::chrono::microseconds cpu_time() const override {
    return std::chrono::microseconds(read_key(directory_ + "/cpu.stat", "usage_usec")) - cpu_time_before_;
  }
  std::chrono::microseconds cpu_user() const override {
    return std::chrono::microseconds(read_key(directory_ + "/cpu.stat", "user_usec")) - cpu_user_before_;
  }
  std::uint64_t memory_peak() const override {
    const std::uint64_t peak = read_number(directory_ + "/memory.peak");  // Linux 5.19
    return peak != 0 ? peak : read_number(directory_ + "/memory.current");
  }
  std::uint64_t oom_kills() const override { return read_key(directory_ + "/memory.events", "oom_kill"); }
  std::uint64_t refused_forks() const override { return read_key(directory_ + "/pids.events", "max"); }
  std::uint64_t processes_now() const override { return read_number(directory_ + "/pids.current"); }

  std::optional<std::uint64_t> processes_peak() const override {
    const std::uint64_t peak = read_number(directory_ + "/pids.peak");
    return peak == 0 ? std::nullopt : std::optional(peak);
  }

  void kill() noexcept override { kill_members(directory_); }

 private:
  std::string directory_;
  UniqueFd entry_;
  Limits limits_;  // as they were when it was made
  std::chrono::microseconds cpu_time_before_{0};
  std::chrono::microseconds cpu_user_before_{0};
};

class TreeV2 final : public CgroupTree {
 public:
  explicit TreeV2(std::string parent) : parent_(std::move(parent)) {}

  std::string version() const override { return "v2"; }
  std::string place() const override { return parent_; }

  std::unique_ptr<Cgroup> make(const std::string& name, const Limits& limits) override {
    remove(name);  // of a holder that died
    const std::string directory = parent_ + "/" + name;
    if (::mkdir(directory.c_str(), 0755) != 0) {
      if (errno == EEXIST) return nullptr;  // somebody's, or it will not go away: its counters are not ours
      check(-1, "making the cgroup " + directory, ErrorCode::sandbox_unavailable);
    }
    UniqueFd entry = lock_directory(directory);
    if (!entry) return nullptr;
    auto cgroup = std::make_unique<CgroupV2>(directory, std::move(entry), limits);
    set_limits(directory, limits);
    try_write_control(directory + "/cgroup.max.descendants", "0");
    return cgroup;
  }

  std::vector<std::string> names() const override { return subdirectories(parent_); }

  void remove(const std::string& name) noexcept override {
    const std::string directory = parent_ + "/" + name;
    const UniqueFd lock = lock_directory(directory);
    if (!lock) return;  // not there, or its owner is alive
    kill_members(directory);
    remove_cgroup_directory(directory, clearing_patience_ms);
  }

 private:
  std::string parent_;
};

bool hand_down(const std::string& base, const std::string& directory) {
  if (!has_controllers(read_small_file(directory + "/cgroup.controllers"))) {
    try_write_control(base + "/cgroup.subtree_control", "+memory +pids +cpu");
  }
  if (!has_controllers(read_small_file(directory + "/cgroup.controllers"))) return false;
  if (has_controllers(read_small_file(directory + "/cgroup.subtree_control"))) return true;
  return try_write_control(directory + "/cgroup.subtree_control", "+memory +pids +cpu");
}

// Makes `base`/pysandbox a parent of jobs: controllers on in both. Only a cgroup without processes
// of its own, or the root, can hand controllers down.
bool prepare_parent(const std::string& base) {
  const std::string directory = base + "/" + cgroup_parent_name;
  const bool made = ::mkdir(directory.c_str(), 0755) == 0;
  if (!made && errno != EEXIST) return false;
  if (hand_down(base, directory)) return true;
  if (made) ::rmdir(directory.c_str());
  return false;
}

std::string parent_of(const std::string& path) { return path.substr(0, path.rfind('/')); }

// Where we are. A container without a cgroup namespace is told the path on the host but sees only its own part.
std::string own_cgroup(const std::string& mount) {
  const std::string place = cgroup_of_self("");
  const std::string own = place == "/" ? mount : mount + place;
  return ::access(own.c_str(), F_OK) == 0 ? own : mount;
}

// The root of a cgroup namespace looks like the root and has this file all the same.
bool is_root_cgroup(const std::string& directory) {
  return ::access((directory + "/cgroup.events").c_str(), F_OK) != 0;
}

// A service, scope or container of ours alone (systemd: Delegate=yes): its processes must step into a leaf
// before it can have children with controllers. We move nobody but ourselves.
void step_into_leaf(const std::string& own) {
  if (is_root_cgroup(own) || !has_controllers(read_small_file(own + "/cgroup.controllers"))) return;
  if (::access((own + "/cgroup.subtree_control").c_str(), W_OK) != 0) return;
  const std::string self = std::to_string(::getpid());
  if (read_small_file(own + "/cgroup.procs") != self + "\n") return;
  const std::string leaf = own + std::string(host_leaf);
  if (::mkdir(leaf.c_str(), 0755) == 0 || errno == EEXIST) try_write_control(leaf + "/cgroup.procs", self);
}

}  // namespace

CgroupDiscovery find_cgroup_v2(const std::string& parent) {
  const std::string remedy =
      ::geteuid() == 0
          ? "mount /sys/fs/cgroup writable, and start pysandbox as the only process of its service or container"
          : "run as root, or in a delegated scope: systemd-run --user --scope -p Delegate=yes pysandbox ...";
  const std::string mount = mount_of("cgroup2", "");
  if (mount.empty()) return {nullptr, "no cgroup v2 tree is mounted", remedy};
  if (!has_controllers(read_small_file(mount + "/cgroup.controllers"))) {
    return {nullptr, "the cgroup v2 tree has no memory, pids and cpu controllers", remedy};
  }
  if (!parent.empty()) {
    const std::string base = mount + (parent == "/" ? "" : parent);
    if (prepare_parent(base)) return {std::make_unique<TreeV2>(base + "/" + cgroup_parent_name), "", ""};
    return {nullptr, "no cgroups can be made below " + base, remedy};
  }
  // A scope of ours first, then what is above it: with a service's own limits around us we stay within them.
  std::string own = own_cgroup(mount);
  if (own.ends_with(host_leaf)) {
    own = parent_of(own);  // an earlier runner of this process has stepped in
  } else {
    step_into_leaf(own);
  }
  for (std::string base = own; base.size() >= mount.size(); base = parent_of(base)) {
    if (::access((base + "/cgroup.procs").c_str(), W_OK) != 0) continue;
    if (prepare_parent(base)) return {std::make_unique<TreeV2>(base + "/" + cgroup_parent_name), "", ""};
    if (base == mount) break;
  }
  return {nullptr, "no cgroup that we may write has memory, pids and cpu controllers to hand down", remedy};
}

}  // namespace pysandbox::container
