#include "packages/file_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <mutex>

#include <pysandbox/error.hpp>

#include "support/in_quotes.hpp"
#include "support/syscall.hpp"

namespace pysandbox::packages {
namespace {

constexpr std::chrono::milliseconds between_tries{50};
constexpr std::size_t longest_saying = 4096;

UniqueFd open_lock_file(const std::string& path) {
  UniqueFd file(::open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
  check(file.get(), "Opening the lock " + in_quotes(path));
  return file;
}

// A holder may have removed the file between our opening and our locking: then a lock on it excludes nobody.
bool is_still(const std::string& path, int file) {
  struct stat by_name {
  }, by_descriptor{};
  return ::stat(path.c_str(), &by_name) == 0 && ::fstat(file, &by_descriptor) == 0 &&
         by_name.st_ino == by_descriptor.st_ino && by_name.st_dev == by_descriptor.st_dev;
}

void wait_a_moment(const std::stop_token& stop) {
  std::mutex mutex;
  std::unique_lock lock(mutex);
  std::condition_variable_any stopped;
  stopped.wait_for(lock, stop, between_tries, [] { return false; });
}

}  // namespace

std::optional<FileLock> FileLock::try_take(const std::string& path, Hold hold) {
  for (;;) {
    UniqueFd file = open_lock_file(path);
    const int operation = (hold == Hold::shared ? LOCK_SH : LOCK_EX) | LOCK_NB;
    while (::flock(file.get(), operation) != 0) {
      if (errno == EWOULDBLOCK) return std::nullopt;
      if (errno != EINTR) check(-1, "Locking " + in_quotes(path));
    }
    if (is_still(path, file.get())) return FileLock(path, std::move(file));
  }
}

FileLock FileLock::take(const std::string& path, Hold hold, const OnWait& on_wait, const std::stop_token& stop) {
  for (;;) {
    if (auto lock = try_take(path, hold)) return std::move(*lock);
    if (on_wait) on_wait(read_small_file(path, longest_saying));
    wait_a_moment(stop);
    if (stop.stop_requested()) throw Error(ErrorCode::conflict, "Waiting for an environment was stopped");
  }
}

void FileLock::say(std::string_view text) {
  text = text.substr(0, longest_saying);
  // Whoever reads meanwhile sees a mixture for a moment; it is for people only.
  if (::pwrite(file_.get(), text.data(), text.size(), 0) == static_cast<ssize_t>(text.size())) {
    [[maybe_unused]] const int cut = ::ftruncate(file_.get(), static_cast<off_t>(text.size()));
  }
}

std::string FileLock::said() const {
  std::string text(longest_saying, '\0');
  const ssize_t count = ::pread(file_.get(), text.data(), text.size(), 0);
  text.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
  return text;
}

void FileLock::touch() { ::futimens(file_.get(), nullptr); }

void FileLock::remove() { ::unlink(path_.c_str()); }

}  // namespace pysandbox::packages
