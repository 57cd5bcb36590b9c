#include "packages/prune.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <system_error>
#include <vector>

#include "packages/built_wheels.hpp"
#include "packages/environment_record.hpp"
#include "packages/tree.hpp"

namespace pysandbox::packages {
namespace {

constexpr std::uint64_t most_cache_bytes = 512ULL << 20;
constexpr std::chrono::hours request_age{24 * 30};  // of one whose environment is gone

using Time = std::chrono::system_clock::time_point;

struct Candidate {
  EnvironmentRecord record;
  Time last_used_at;
};

std::vector<Candidate> find_candidates(const StoreLayout& layout) {
  std::vector<Candidate> found;
  for (const auto& digest : all_digests(layout)) {
    auto record = read_record(layout, digest);
    if (!record) record = EnvironmentRecord{.digest = digest};  // made by another version: its use is long ago
    const Time last = describe(*record, layout, {}).last_used_at;
    found.push_back({std::move(*record), last});
  }
  std::ranges::sort(found, {}, &Candidate::last_used_at);
  return found;
}

// What they have on the disk: wheels that several have, once.
std::uint64_t bytes_of(const std::vector<Candidate>& environments) {
  std::map<std::string, std::uint64_t> wheels;
  std::uint64_t bytes = 0;
  for (const auto& one : environments) {
    bytes += one.record.own_bytes;
    for (const auto& part : one.record.parts) wheels[part.wheel] = part.bytes;
  }
  for (const auto& [key, size] : wheels) bytes += size;
  return bytes;
}

// Nothing if somebody uses it. It disappears at once, and its files after that.
std::optional<std::uint64_t> remove_environment(const StoreLayout& layout, const std::string& digest) {
  auto lease = FileLock::try_take(layout.lease(digest), Hold::exclusive);
  if (!lease) return std::nullopt;
  const WorkPlace work(layout);
  const std::string grave = work.path() + "/removed";
  std::uint64_t freed = 0;
  if (::rename(layout.environment(digest).c_str(), grave.c_str()) == 0) freed = remove_tree(grave);
  lease->remove();
  return freed;
}

std::vector<std::filesystem::path> entries_of(const std::string& directory) {
  std::vector<std::filesystem::path> entries;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(directory, ignored)) entries.push_back(entry.path());
  return entries;
}

// The files that wheels were unpacked from are not kept; those that were built here cannot be fetched again.
std::uint64_t remove_unused_builds(const StoreLayout& layout, const std::set<std::string>& used) {
  std::uint64_t freed = 0;
  for (const auto& path : entries_of(layout.builds())) {
    const auto wheel = read_built(layout, path.filename().string());
    const bool is_used =
        wheel && std::ranges::any_of(used, [&](const std::string& key) { return key.starts_with(wheel->sha256); });
    if (!is_used) freed += remove_tree(path.string());
  }
  return freed;
}

std::uint64_t remove_unused_wheels(const StoreLayout& layout) {
  std::set<std::string> used;
  for (const auto& digest : all_digests(layout)) {
    if (const auto record = read_record(layout, digest)) {
      for (const auto& part : record->parts) used.insert(part.wheel);
    }
  }
  std::uint64_t freed = 0;
  for (const auto& path : entries_of(layout.wheels())) {
    if (!used.contains(path.filename().string())) freed += remove_tree(path.string());
  }
  return freed + remove_unused_builds(layout, used);
}

std::uint64_t size_of_tree(const std::string& directory) {
  std::uint64_t bytes = 0;
  std::error_code failure;
  for (std::filesystem::recursive_directory_iterator at(directory, failure), end; !failure && at != end;
       at.increment(failure)) {
    std::error_code ignored;
    if (at->is_regular_file(ignored) && !at->is_symlink(ignored)) bytes += at->file_size(ignored);
  }
  return bytes;
}

std::uint64_t trim_cache(const StoreLayout& layout, std::uint64_t budget_bytes) {
  if (size_of_tree(layout.cache()) <= std::min(most_cache_bytes, budget_bytes)) return 0;
  std::uint64_t freed = 0;
  for (const auto& path : entries_of(layout.cache())) freed += remove_tree(path.string());
  return freed;
}

void forget_names_and_requests(const StoreLayout& layout) {
  const std::vector<std::string> digests = all_digests(layout);
  for (const auto& [digest, name] : digest_names(layout)) {
    if (!std::ranges::binary_search(digests, digest)) ::unlink(layout.name(name).c_str());
  }
  const auto now = std::filesystem::file_time_type::clock::now();
  for (const auto& path : entries_of(layout.requests())) {
    std::error_code failure;
    const auto written = std::filesystem::last_write_time(path, failure);
    if (!failure && now - written > request_age) ::unlink(path.c_str());
  }
}

void remove_free_locks(const StoreLayout& layout) {
  for (const auto& path : entries_of(layout.locks())) {
    if (path.string() == layout.making()) continue;
    if (auto lock = FileLock::try_take(path.string(), Hold::exclusive)) lock->remove();
  }
}

}  // namespace

std::uint64_t prune_store(const StoreLayout& layout, std::uint64_t budget_bytes) {
  std::uint64_t freed = 0;
  std::vector<Candidate> environments = find_candidates(layout);
  for (auto at = environments.begin(); at != environments.end() && bytes_of(environments) > budget_bytes;) {
    const auto removed = remove_environment(layout, at->record.digest);
    freed += removed.value_or(0);
    at = removed ? environments.erase(at) : at + 1;
  }
  if (const auto making = FileLock::try_take(layout.making(), Hold::exclusive)) {
    freed += remove_unused_wheels(layout);
    freed += trim_cache(layout, budget_bytes);
    forget_names_and_requests(layout);
    remove_free_locks(layout);
  }
  return freed;
}

}  // namespace pysandbox::packages
