// The kernel's account of a job: what it may use, and what it used.
//
// A host has one CgroupTree, found once; each job gets a Cgroup in it. v1 and v2
// differ in everything but this interface.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <pysandbox/limits.hpp>

#include "support/unique_fd.hpp"

namespace pysandbox::container {

class Cgroup {
 public:
  virtual ~Cgroup() = default;  // kills what is left and removes the directories

  // How a process gets in: v2 is born into entry(); on v1 it writes "0" to each of the tasks files.
  virtual int entry() const noexcept = 0;                // -1: none
  virtual std::vector<UniqueFd> take_tasks_files() = 0;  // empty on v2

  // For one whose processes are there before their program is known: moves one in (v2; does nothing on v1), and later
  // sets what the program may use and begins to count. Both throw Error{sandbox_unavailable}.
  virtual void adopt(pid_t pid) = 0;
  virtual void begin(const Limits& limits) = 0;

  virtual std::chrono::microseconds cpu_time() const = 0;
  virtual std::chrono::microseconds cpu_user() const = 0;
  virtual std::uint64_t memory_peak() const = 0;
  virtual std::uint64_t oom_kills() const = 0;
  virtual std::uint64_t refused_forks() const = 0;
  virtual std::uint64_t processes_now() const = 0;
  virtual std::optional<std::uint64_t> processes_peak() const = 0;  // empty: this kernel keeps none
  virtual void kill() noexcept = 0;
};

class CgroupTree {
 public:
  virtual ~CgroupTree() = default;

  virtual std::string version() const = 0;  // "v2", "v1" or "hybrid"
  virtual std::string place() const = 0;    // for people

  // Makes `name` with these limits, or nothing if somebody alive holds a cgroup of that name. Throws
  // Error{sandbox_unavailable}.
  virtual std::unique_ptr<Cgroup> make(const std::string& name, const Limits& limits) = 0;

  // The names of cgroups that exist, and the removal of one unless its owner is alive: whoever lives holds a lock
  // on its directory, whatever table its slot came from.
  virtual std::vector<std::string> names() const = 0;
  virtual void remove(const std::string& name) noexcept = 0;
};

// Why there is none, if there is none.
struct CgroupDiscovery {
  std::unique_ptr<CgroupTree> tree;
  std::string obstacle;
  std::string remedy;
};

// Looks for a place where this process may make cgroups with memory, pids and
// cpu. `parent` as in NativeRunnerOptions::cgroup_parent.
CgroupDiscovery find_cgroup_tree(const std::string& parent);
CgroupDiscovery find_cgroup_v1(const std::string& parent);
CgroupDiscovery find_cgroup_v2(const std::string& parent);

// The tools of both versions.
std::string cgroup_of_self(const std::string& controller);                 // "" names v2; "/" if unknown
std::string mount_of(const std::string& type, const std::string& option);  // "" if not mounted
void write_control(const std::string& file, const std::string& value);     // throws Error{sandbox_unavailable}
bool try_write_control(const std::string& file, const std::string& value) noexcept;
std::uint64_t read_number(const std::string& file);  // 0 if there is none
std::uint64_t read_key(const std::string& file, const std::string& key);
std::vector<std::string> subdirectories(const std::string& path);
void remove_cgroup_directory(const std::string& path, int patience_ms) noexcept;  // for the dying
bool keeps_the_same(const Limits& one, const Limits& other) noexcept;             // for a cgroup
void kill_processes(const std::string& procs_file) noexcept;
UniqueFd lock_directory(const std::string& path) noexcept;  // empty if somebody else holds it, or it is not there

inline constexpr int burial_patience_ms = 2'000;  // a job of ours
inline constexpr int clearing_patience_ms = 20;   // what somebody else left

inline constexpr const char* cgroup_parent_name = "pysandbox";

}  // namespace pysandbox::container
