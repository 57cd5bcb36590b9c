#include "docker/runner_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <utility>

#include "support/random_id.hpp"
#include "support/syscall.hpp"

namespace pysandbox::docker {
namespace {

std::string path_of(const std::string& directory, const std::string& id) { return directory + "/docker-" + id; }

}  // namespace

RunnerLock::RunnerLock(std::string path, std::string id, UniqueFd file)
    : path_(std::move(path)), id_(std::move(id)), file_(std::move(file)) {}

RunnerLock::~RunnerLock() {
  if (!file_) return;
  if (forget_) ::unlink(path_.c_str());
  ::flock(file_.get(), LOCK_UN);  // also for a process that our host forked meanwhile
}

RunnerLock RunnerLock::make(const std::string& directory) {
  std::string id = random_id();
  std::string path = path_of(directory, id);
  UniqueFd file(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  check(file.get(), "making " + path, ErrorCode::sandbox_unavailable);
  check(::flock(file.get(), LOCK_EX | LOCK_NB), "locking " + path, ErrorCode::sandbox_unavailable);
  return RunnerLock(std::move(path), std::move(id), std::move(file));
}

std::optional<RunnerLock> RunnerLock::take_dead(const std::string& directory, const std::string& id) {
  if (!is_random_id(id)) return std::nullopt;
  std::string path = path_of(directory, id);
  UniqueFd file(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
  if (!file || ::flock(file.get(), LOCK_EX | LOCK_NB) != 0) return std::nullopt;
  return RunnerLock(std::move(path), id, std::move(file));
}

}  // namespace pysandbox::docker
