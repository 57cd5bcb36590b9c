#include "packages/assemble.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <ctime>
#include <thread>
#include <vector>

#include <pysandbox/error.hpp>

#include "packages/crew.hpp"
#include "packages/font_list.hpp"
#include "packages/tree.hpp"
#include "packages/wheel_shelf.hpp"
#include "support/failpoint.hpp"
#include "support/in_quotes.hpp"
#include "support/syscall.hpp"

namespace pysandbox::packages {
namespace {

constexpr unsigned most_linkers = 4;

// Which of the earlier wheels has that file.
std::string owner_of(const std::string& path, const AssembleTask& task, const LockedWheel& last) {
  for (const auto& wheel : task.lock.wheels) {
    struct stat status {};
    const std::string file = task.layout.wheel(WheelShelf::key_of(wheel, task.interpreter)) + "/" + path;
    if (&wheel != &last && ::lstat(file.c_str(), &status) == 0) return wheel.title();
  }
  return "another package";
}

// Several at once: what takes time is how a file system makes a directory, and that takes a processor.
std::vector<EnvironmentRecord::Part> link_wheels(const AssembleTask& task, const std::string& directory) {
  const auto& wheels = task.lock.wheels;
  std::vector<EnvironmentRecord::Part> parts(wheels.size());
  Crew crew;
  crew.run(wheels.size(), std::clamp(std::thread::hardware_concurrency(), 1U, most_linkers), [&](std::size_t index) {
    const LockedWheel& wheel = wheels[index];
    const std::string key = WheelShelf::key_of(wheel, task.interpreter);
    const auto on_conflict = [&](const std::string& path) {
      throw Error(ErrorCode::environment_failed,
                  in_quotes(owner_of(path, task, wheel)) + " and " + in_quotes(wheel.title()) + " both have the file " +
                      in_quotes(path) + ", with different content; ask for one of them, or for another version");
    };
    parts[index] = {{wheel.name, wheel.version}, key, link_tree(task.layout.wheel(key), directory, on_conflict).bytes};
  });
  return parts;
}

void write_record(const EnvironmentRecord& record, const std::string& directory) {
  const UniqueFd file(::open((directory + "/environment.json").c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444));
  check(file.get(), "Making environment.json");
  if (!write_all(file.get(), to_json(record))) check(-1, "Writing environment.json");
}

}  // namespace

void assemble_environment(const AssembleTask& task, const WorkPlace& work, const EnvironmentProgress& progress) {
  const std::string directory = work.make_directory("environment");
  check(::mkdir((directory + "/site-packages").c_str(), 0755), "Making site-packages");
  EnvironmentRecord record{.digest = task.lock.digest(task.interpreter), .python = task.interpreter.version};
  for (const auto& part : link_wheels(task, directory)) {
    record.size_bytes += part.bytes;
    record.parts.push_back(part);
  }
  if (record.size_bytes > task.most_bytes) {
    throw Error(ErrorCode::environment_failed,
                "The packages have more than " + std::to_string(task.most_bytes) +
                    " bytes together; ask for fewer of them, or raise max_environment_bytes");
  }
  failpoint("after_linking");
  if (std::ranges::find(task.lock.wheels, "matplotlib", &LockedWheel::name) != task.lock.wheels.end()) {
    record.own_bytes += add_font_list(directory, task.runner, progress);
    record.size_bytes += record.own_bytes;
  }
  record.created_at = static_cast<std::int64_t>(std::time(nullptr));
  write_record(record, directory);
  flush_to_disk(directory);
  const std::string place = task.layout.environment(record.digest);
  if (move_into_place(directory, place) || read_record(task.layout, record.digest)) return;
  // What has that name and no record that can be read is of nobody's use.
  remove_tree(place);
  move_into_place(directory, place);
}

}  // namespace pysandbox::packages
