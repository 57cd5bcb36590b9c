#include "container/process_tree.hpp"

#include <unistd.h>

#include <sstream>
#include <string>
#include <vector>

#include "support/syscall.hpp"

namespace pysandbox::container {
namespace {

std::string process_file(pid_t pid, const char* name) { return "/proc/" + std::to_string(pid) + "/" + name; }

std::vector<pid_t> children(pid_t pid) {
  const std::string path = "/proc/" + std::to_string(pid) + "/task/" + std::to_string(pid) + "/children";
  std::istringstream words(read_small_file(path, 1 << 20));
  std::vector<pid_t> found;
  for (pid_t child; words >> child;) found.push_back(child);
  return found;
}

std::uint64_t proportional_bytes(pid_t pid) {
  const std::string text = read_small_file(process_file(pid, "smaps_rollup"));
  const auto found = text.find("\nPss:");
  if (found == std::string::npos) return 0;
  return std::strtoull(text.c_str() + found + 5, nullptr, 10) * 1024;
}

// Fields 14 to 17 are its own and its reaped children's time, 20 its threads: proc(5).
void add_stat(pid_t pid, TreeUse& use) {
  const std::string text = read_small_file(process_file(pid, "stat"));
  const auto name_end = text.rfind(')');
  if (name_end == std::string::npos) return;
  std::istringstream fields(text.substr(name_end + 2));
  std::string word;
  std::int64_t ticks = 0;
  for (int field = 3; fields >> word; ++field) {
    if (field >= 14 && field <= 17) ticks += std::strtoll(word.c_str(), nullptr, 10);
    if (field == 20) use.processes += std::strtoull(word.c_str(), nullptr, 10);
  }
  static const std::int64_t per_second = ::sysconf(_SC_CLK_TCK);
  use.cpu_time += std::chrono::microseconds(ticks * 1'000'000 / per_second);
}

}  // namespace

TreeUse measure_tree(pid_t root) {
  TreeUse use;
  std::vector<pid_t> waiting = children(root);
  while (!waiting.empty()) {
    const pid_t pid = waiting.back();
    waiting.pop_back();
    add_stat(pid, use);
    use.memory_bytes += proportional_bytes(pid);
    // A thread can have children of its own; they are listed under their thread.
    for (const pid_t child : children(pid)) waiting.push_back(child);
  }
  return use;
}

}  // namespace pysandbox::container
