#include "container/process_tree.hpp"

#include <unistd.h>

#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include "support/syscall.hpp"

namespace pysandbox::container {
namespace {

std::string process_file(pid_t pid, const char* name) { return "/proc/" + std::to_string(pid) + "/" + name; }

// Each thread lists the children that it made itself.
std::vector<pid_t> children(pid_t pid) {
  std::vector<pid_t> found;
  std::error_code ignored;
  for (const auto& thread : std::filesystem::directory_iterator(process_file(pid, "task"), ignored)) {
    std::istringstream words(read_small_file(thread.path() / "children", 1 << 20));
    for (pid_t child; words >> child;) found.push_back(child);
  }
  return found;
}

std::uint64_t proportional_bytes(pid_t pid) {
  const std::string text = read_small_file(process_file(pid, "smaps_rollup"));
  const auto found = text.find("\nPss:");
  if (found == std::string::npos) return 0;
  return std::strtoull(text.c_str() + found + 5, nullptr, 10) * 1024;
}

// Fields 14 and 15 are its own time, 20 its threads: proc(5).
struct Stat {
  std::chrono::microseconds cpu_time{0};
  std::uint64_t threads = 0;
};

Stat read_stat(pid_t pid) {
  Stat stat;
  const std::string text = read_small_file(process_file(pid, "stat"));
  const auto name_end = text.rfind(')');
  if (name_end == std::string::npos) return stat;
  std::istringstream fields(text.substr(name_end + 2));
  std::string word;
  std::int64_t ticks = 0;
  for (int field = 3; fields >> word; ++field) {
    if (field == 14 || field == 15) ticks += std::strtoll(word.c_str(), nullptr, 10);
    if (field == 20) stat.threads = std::strtoull(word.c_str(), nullptr, 10);
  }
  static const std::int64_t per_second = ::sysconf(_SC_CLK_TCK);
  stat.cpu_time = std::chrono::microseconds(ticks * 1'000'000 / per_second);
  return stat;
}

}  // namespace

bool can_measure_tree() { return ::access("/proc/thread-self/children", R_OK) == 0; }

TreeUse ProcessTree::measure() {
  TreeUse use;
  std::vector<pid_t> waiting = children(root_);
  while (!waiting.empty()) {
    const pid_t pid = waiting.back();
    waiting.pop_back();
    const Stat stat = read_stat(pid);
    auto& seen = cpu_times_[pid];
    seen = std::max(seen, stat.cpu_time);
    use.processes += stat.threads;
    use.memory_bytes += proportional_bytes(pid);
    for (const pid_t child : children(pid)) waiting.push_back(child);
  }
  for (const auto& [pid, time] : cpu_times_) use.cpu_time += time;
  return use;
}

}  // namespace pysandbox::container
