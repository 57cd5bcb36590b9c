#include "container/cgroup.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <filesystem>
#include <sstream>
#include <thread>

#include "support/syscall.hpp"

namespace pysandbox::container {

std::string cgroup_of_self(const std::string& controller) {
  std::istringstream lines(read_small_file("/proc/self/cgroup"));
  for (std::string line; std::getline(lines, line);) {
    const auto first = line.find(':');
    const auto second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = "," + line.substr(first + 1, second - first - 1) + ",";
    if (controllers.find("," + controller + ",") != std::string::npos) return line.substr(second + 1);
  }
  return "/";
}

std::string mount_of(const std::string& type, const std::string& option) {
  const std::string mounts = read_small_file("/proc/self/mounts", 1 << 20);
  for (std::size_t start = 0, end; (end = mounts.find('\n', start)) != std::string::npos; start = end + 1) {
    const std::string_view line(mounts.data() + start, end - start);
    // device path type options
    const auto path = line.find(' ') + 1;
    const auto found_type = line.find(' ', path) + 1;
    const auto options = line.find(' ', found_type) + 1;
    if (line.substr(found_type, options - 1 - found_type) != type) continue;
    const std::string list = "," + std::string(line.substr(options, line.find(' ', options) - options)) + ",";
    if (option.empty() || list.find("," + option + ",") != std::string::npos) {
      return std::string(line.substr(path, found_type - 1 - path));
    }
  }
  return {};
}

bool try_write_control(const std::string& file, const std::string& value) noexcept {
  const UniqueFd fd(::open(file.c_str(), O_WRONLY | O_CLOEXEC));
  return fd && write_all(fd.get(), value);
}

void write_control(const std::string& file, const std::string& value) {
  if (!try_write_control(file, value)) {
    check(-1, "writing " + value + " to " + file, ErrorCode::sandbox_unavailable);
  }
}

std::uint64_t read_number(const std::string& file) {
  const std::string text = read_small_file(file);
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::uint64_t read_key(const std::string& file, const std::string& key) {
  std::istringstream words(read_small_file(file));
  std::string name;
  for (std::uint64_t value; words >> name >> value;) {
    if (name == key) return value;
  }
  return 0;
}

std::vector<std::string> subdirectories(const std::string& path) {
  std::vector<std::string> names;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(path, ignored)) {
    if (entry.is_directory(ignored)) names.push_back(entry.path().filename());
  }
  return names;
}

bool keeps_the_same(const Limits& one, const Limits& other) noexcept {
  return one.memory_bytes == other.memory_bytes && one.processes == other.processes && one.cpus == other.cpus;
}

// A process that is dead and reaped can still be leaving its cgroup for a moment.
void remove_cgroup_directory(const std::string& path, int patience_ms) noexcept {
  for (int waited = 0; ::rmdir(path.c_str()) != 0 && errno == EBUSY && waited < patience_ms; ++waited) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

// Of another pid namespace a process shows as 0, and a signal to that would reach our own group.
void kill_processes(const std::string& procs_file) noexcept {
  std::istringstream pids(read_small_file(procs_file, 1 << 20));
  for (pid_t pid; pids >> pid;) {
    if (pid > 1) ::kill(pid, SIGKILL);
  }
}

UniqueFd lock_directory(const std::string& path) noexcept {
  UniqueFd directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory || ::flock(directory.get(), LOCK_EX | LOCK_NB) != 0) return UniqueFd();
  // Between the opening and the lock whoever held it may have removed it.
  struct stat locked {};
  struct stat named {};
  if (::fstat(directory.get(), &locked) != 0 || ::stat(path.c_str(), &named) != 0 || locked.st_ino != named.st_ino) {
    return UniqueFd();
  }
  return directory;
}

CgroupDiscovery find_cgroup_tree(const std::string& parent) {
  if (parent == "none") return {nullptr, "cgroups were switched off by NativeRunnerOptions::cgroup_parent", ""};
  CgroupDiscovery v2 = find_cgroup_v2(parent);
  if (v2.tree) return v2;
  CgroupDiscovery v1 = find_cgroup_v1(parent);
  if (v1.tree) return v1;
  // The more telling of the two: a host without v1 says nothing about v1.
  return mount_of("cgroup", "memory").empty() ? std::move(v2) : std::move(v1);
}

}  // namespace pysandbox::container
