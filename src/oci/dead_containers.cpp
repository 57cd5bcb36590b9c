#include "oci/dead_containers.hpp"

#include <filesystem>
#include <set>
#include <sstream>
#include <system_error>

#include "support/syscall.hpp"

namespace pysandbox::oci {
namespace {

namespace fs = std::filesystem;

// "job-1900100007" of "job-1900100007_sandbox:job-1900100007.state", which is how runsc calls its files.
std::string slot_name(const std::string& entry) {
  constexpr std::string_view prefix = "job-";
  if (!entry.starts_with(prefix)) return {};
  return entry.substr(0, entry.find_first_not_of("0123456789", prefix.size()));
}

void add_names(const std::string& folder, std::set<std::string>& names) {
  std::error_code none;
  for (fs::directory_iterator entry(folder, none), end; !none && entry != end; entry.increment(none)) {
    if (const std::string name = slot_name(entry->path().filename()); !name.empty()) names.insert(name);
  }
}

// Runtimes make a cgroup in every hierarchy, also in those that we do not use.
std::vector<std::string> hierarchies() {
  std::vector<std::string> all;
  std::istringstream mounts(read_small_file("/proc/self/mounts", 1 << 20));
  for (std::string device, place, type, rest; mounts >> device >> place >> type && std::getline(mounts, rest);) {
    if (type == "cgroup" || type == "cgroup2") all.push_back(place);
  }
  return all;
}

}  // namespace

void bury_the_dead(const OciParts& parts) noexcept {
  try {
    std::set<std::string> remembered;
    add_names(parts.runtime_state, remembered);
    std::set<std::string> names = remembered;
    const std::vector<std::string> roots = hierarchies();
    for (const auto& root : roots) add_names(root + parts.cgroup_parent, names);
    for (const auto& name : names) {
      const auto slot = parts.slots.claim_dead(name);
      if (!slot) continue;
      if (remembered.contains(name)) delete_container(parts, name);
      parts.cgroups.remove(name);
      for (const auto& root : roots) {
        container::remove_cgroup_directory(root + parts.cgroup_parent + "/" + name, container::clearing_patience_ms);
      }
    }
  } catch (const std::exception&) {
    // Another runner may be at it; whoever opens the next container tries again.
  }
}

}  // namespace pysandbox::oci
