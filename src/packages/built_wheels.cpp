#include "packages/built_wheels.hpp"

#include <sys/stat.h>

#include <exception>
#include <filesystem>
#include <system_error>

#include <pysandbox/error.hpp>

#include "packages/resolution_files.hpp"
#include "packages/tree.hpp"
#include "support/in_quotes.hpp"
#include "support/syscall.hpp"

namespace pysandbox::packages {
namespace {

constexpr std::size_t most_bytes = 64U << 10;
constexpr const char* record = "/built.json";

}  // namespace

std::optional<LockedWheel> read_built(const StoreLayout& layout, const std::string& key) {
  const std::string text = read_small_file(layout.built(key) + record, most_bytes);
  if (text.empty()) return std::nullopt;
  try {
    const Lock lock = lock_from_json(text);
    if (lock.wheels.size() == 1 && lock.wheels[0].source && lock.wheels[0].source->key == key) return lock.wheels[0];
  } catch (const std::exception&) {
    // Of another version of pysandbox, or damaged: as if it were not there, so that it is built again.
  }
  return std::nullopt;
}

void keep_built(const LockedWheel& wheel, const std::string& directory, const StoreLayout& layout) {
  const std::string& key = wheel.source->key;
  write_file(directory + record, lock_to_json({{wheel}}));
  flush_to_disk(directory);
  if (move_into_place(directory, layout.built(key)) || read_built(layout, key)) return;
  // What has that name and no record that can be read is of nobody's use.
  remove_tree(layout.built(key));
  move_into_place(directory, layout.built(key));
}

void copy_built(const LockedWheel& wheel, const StoreLayout& layout, const std::string& directory) {
  std::error_code failure;
  std::filesystem::copy_file(layout.built(wheel.source->key) + "/" + wheel.file, directory + "/" + wheel.file, failure);
  if (failure) {
    throw Error(ErrorCode::environment_failed, "The wheel of " + in_quotes(wheel.title()) +
                                                   " that was built here is there no more: " + failure.message());
  }
}

}  // namespace pysandbox::packages
