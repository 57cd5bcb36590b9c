#include "packages/unpack.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <thread>

#include <pysandbox/error.hpp>

#include "file/digest.hpp"
#include "support/in_quotes.hpp"
#include "support/syscall.hpp"
#include "support/unique_fd.hpp"
#include "value/text.hpp"

extern "C" {
extern const char pysandbox_unpack_program[];
}

namespace pysandbox::packages {
namespace {

// The most that real wheels grow by, bytecode included, is a dozen times; what grows more is meant to fill a disk.
constexpr std::uint64_t most_growth = 25;
constexpr std::uint64_t least_room = 64ULL << 20;
constexpr std::uint64_t memory_for_python = 1ULL << 30;
constexpr unsigned most_workers = 4;

unsigned workers() { return std::clamp(std::thread::hardware_concurrency(), 1U, most_workers); }

std::uint64_t size_of(const std::string& path) {
  struct stat status {};
  check(::stat(path.c_str(), &status), "Looking at " + in_quotes(path));
  return static_cast<std::uint64_t>(status.st_size);
}

// What it writes lies in memory until it is taken over.
Limits limits_for(const UnpackTask& task, std::uint64_t room) {
  Limits limits;
  limits.time_limit = task.timeout;
  limits.cpu_time_limit = task.timeout * workers();
  limits.cpus = workers();
  limits.processes = most_workers + 4;
  limits.memory_bytes = memory_for_python + 2 * room;
  limits.workspace_bytes = room;
  limits.file_size_bytes = room;
  limits.workspace_inodes = 256;
  limits.artifact_count = most_workers + 1;
  limits.artifact_bytes = room;
  limits.stdout_bytes = limits.stderr_bytes = 4096;
  return limits;
}

Program program_for(const LockedWheel& wheel, const UnpackTask& task, std::uint64_t room) {
  Program program;
  program.entry_point = "unpack.py";
  program.code = pysandbox_unpack_program;
  program.args = {"wheel.whl", wheel.name, std::to_string(most_files_of_wheel), std::to_string(room),
                  std::to_string(workers())};
  program.inputs.push_back({.path = "wheel.whl", .source = task.wheel});
  program.outputs = {"part-*"};
  return program;
}

[[noreturn]] void refuse(const LockedWheel& wheel, const std::string& why) {
  throw Error(ErrorCode::environment_failed, "The wheel of " + in_quotes(wheel.title()) + " cannot be used: " + why +
                                                 "; ask for another version of it");
}

void check_outcome(const LockedWheel& wheel, const RunResult& result) {
  constexpr int refused = 3;
  if (result.outcome == Outcome::ok) return;
  if (result.outcome == Outcome::cancelled) {
    throw Error(ErrorCode::conflict, "Unpacking " + wheel.title() + " was stopped");
  }
  std::string words = result.stderr.substr(0, result.stderr.find('\n'));
  if (result.outcome == Outcome::nonzero_exit && result.exit_code == refused) refuse(wheel, repair_utf8(words));
  if (result.failure) refuse(wheel, "unpacking it hit the limit " + result.failure->limit);
  words = result.error ? result.error->name + ": " + result.error->value : words;
  refuse(wheel, "unpacking it ended with " + std::string(to_string(result.outcome)) + " " + quoted(words));
}

}  // namespace

void unpack_wheel(const LockedWheel& wheel, const UnpackTask& task, ContainerRunner& runner,
                  const std::stop_token& stop) {
  const std::uint64_t room = std::min(std::max(size_of(task.wheel) * most_growth, least_room), task.most_bytes);
  const auto container = runner.open({.limits = limits_for(task, room)});
  const std::stop_callback on_stop(stop, [&] { container->stop(); });
  RunResult result = container->run(program_for(wheel, task, room), {});
  check_outcome(wheel, result);

  const UniqueFd directory(::open(task.directory.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  check(directory.get(), "Opening " + in_quotes(task.directory));
  UnpackedFiles files(directory.get(), {2 * most_files_of_wheel, room});
  unsigned parts = 0;
  container->collect(result, [&](OutputFile& part) {
    files.take([&](std::span<std::byte> buffer) { return part.read(buffer); });
    ++parts;
  });
  if (parts != workers() + 1) refuse(wheel, "not all of it came out of its container");
}

std::string sha256_of_file(const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  check(file.get(), "Opening " + in_quotes(path));
  Sha256 digest;
  std::array<std::byte, 65536> buffer{};
  while (const long count = check(::read(file.get(), buffer.data(), buffer.size()), "Reading " + in_quotes(path))) {
    digest.update(std::span(buffer).first(static_cast<std::size_t>(count)));
  }
  return digest.hex();
}

}  // namespace pysandbox::packages
