#include "packages/wheel_shelf.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <map>

#include <pysandbox/error.hpp>

#include "packages/built_wheels.hpp"
#include "packages/crew.hpp"
#include "packages/fetch.hpp"
#include "packages/tree.hpp"
#include "packages/unpack.hpp"
#include "support/failpoint.hpp"
#include "support/in_quotes.hpp"

namespace pysandbox::packages {
namespace {

constexpr std::size_t unpacked_at_once = 2;  // each compiles on several processors by itself

bool is_directory(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

}  // namespace

std::vector<LockedWheel*> WheelShelf::missing(Lock& lock, const Interpreter& interpreter) const {
  std::vector<LockedWheel*> wheels;
  for (auto& wheel : lock.wheels) {
    if (wheel.sha256.empty() || !is_directory(layout_.wheel(key_of(wheel, interpreter)))) wheels.push_back(&wheel);
  }
  return wheels;
}

void WheelShelf::fill(Lock& lock, const Interpreter& interpreter, Installer& installer, const WorkPlace& work,
                      const EnvironmentProgress& progress, const std::stop_token& stop) {
  const std::vector<LockedWheel*> wanted = missing(lock, interpreter);
  if (wanted.empty()) return;
  const std::vector<FileLock> locks = lock_all(wanted, interpreter, progress, stop);
  const std::vector<LockedWheel*> still = missing(lock, interpreter);  // others may have brought some meanwhile
  fetch(still, installer, work, progress, stop);
  failpoint("after_fetch");
  unpack(still, interpreter, work, progress, stop);
}

// In the order of their names, so that two who want the same ones never wait for each other.
std::vector<FileLock> WheelShelf::lock_all(const std::vector<LockedWheel*>& wheels, const Interpreter& interpreter,
                                           const EnvironmentProgress& progress, const std::stop_token& stop) const {
  std::map<std::string, const LockedWheel*> sorted;
  for (const LockedWheel* wheel : wheels) {
    if (!wheel->sha256.empty()) sorted.emplace(key_of(*wheel, interpreter), wheel);
  }
  std::vector<FileLock> locks;
  for (const auto& [key, wheel] : sorted) {
    bool told = false;
    const auto on_wait = [&, title = wheel->title()](std::string_view) {
      if (!told && progress) progress("waiting for " + title + ", which is being made for another environment");
      told = true;
    };
    locks.push_back(FileLock::take(layout_.lock(key), Hold::exclusive, on_wait, stop));
  }
  return locks;
}

void WheelShelf::fetch(const std::vector<LockedWheel*>& wheels, Installer& installer, const WorkPlace& work,
                       const EnvironmentProgress& progress, const std::stop_token& stop) {
  if (wheels.empty()) return;
  for (const LockedWheel* wheel : wheels) {
    if (wheel->size > options_.max_environment_bytes) {
      throw Error(ErrorCode::environment_failed, "The wheel of " + in_quotes(wheel->title()) +
                                                     " alone is larger than max_environment_bytes; raise that");
    }
  }
  std::vector<LockedWheel*> remote;
  for (LockedWheel* wheel : wheels) {
    if (wheel->source) {
      copy_built(*wheel, layout_, work.path());
    } else {
      remote.push_back(wheel);
    }
  }
  if (!remote.empty()) {
    fetch_wheels(remote, make_fetch_task(options_, installer, work.path()), launcher_, progress, stop);
  }
  for (const LockedWheel* wheel : wheels) {  // what counts is what lies there now
    if (sha256_of_file(work.path() + "/" + wheel->file) != wheel->sha256) {
      throw Error(ErrorCode::environment_failed,
                  "The wheel of " + in_quotes(wheel->title()) + " is not the file that the index names; try again");
    }
  }
}

void WheelShelf::check_hashes(Lock& lock, Installer& installer, const WorkPlace& work, const std::stop_token& stop) {
  std::vector<LockedWheel*> wheels;
  for (auto& wheel : lock.wheels) {
    if (wheel.source) continue;
    if (wheel.sha256.empty()) {
      throw Error(ErrorCode::environment_failed, "The index tells no SHA-256 of " + in_quotes(wheel.title()) +
                                                     ", and one is required here; use an index that does");
    }
    wheels.push_back(&wheel);
  }
  if (wheels.empty()) return;
  check_hashes_are_told(wheels, make_fetch_task(options_, installer, work.path()), launcher_, stop);
}

void WheelShelf::unpack(const std::vector<LockedWheel*>& wheels, const Interpreter& interpreter, const WorkPlace& work,
                        const EnvironmentProgress& progress, const std::stop_token& stop) {
  // The largest first: the last one is what everybody waits for.
  std::vector<LockedWheel*> order = wheels;
  std::ranges::stable_sort(order, std::ranges::greater(), [](const LockedWheel* wheel) { return wheel->size; });
  Crew crew;
  crew.run(
      order.size(), unpacked_at_once, [&](std::size_t index) { unpack_one(*order[index], interpreter, work, stop); },
      [&](std::size_t index) {
        if (progress) progress("unpacking " + order[index]->title());
      });
}

void WheelShelf::unpack_one(const LockedWheel& wheel, const Interpreter& interpreter, const WorkPlace& work,
                            const std::stop_token& stop) const {
  const std::string key = key_of(wheel, interpreter);
  const UnpackTask task{.wheel = work.path() + "/" + wheel.file,
                        .directory = work.make_directory(key),
                        .timeout = options_.build_timeout,
                        .most_bytes = options_.max_environment_bytes};
  unpack_wheel(wheel, task, runner_, stop);
  flush_to_disk(task.directory);
  failpoint("after_unpack");
  move_into_place(task.directory, layout_.wheel(key));
}

}  // namespace pysandbox::packages
