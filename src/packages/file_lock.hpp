// Locks between processes, and between threads of one: flock(2) on files that nobody but this store's processes open.
// A process that dies holds none.
#pragma once

#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "support/unique_fd.hpp"

namespace pysandbox::packages {

enum class Hold { shared, exclusive };

class FileLock {
 public:
  // Nothing if somebody else holds it in a way that excludes this one. Throws Error{unavailable}.
  static std::optional<FileLock> try_take(const std::string& path, Hold hold);

  // Waits. `on_wait` is called some twenty times a second with what the holder says(). Throws Error{conflict} after a
  // stop.
  using OnWait = std::function<void(std::string_view said)>;
  static FileLock take(const std::string& path, Hold hold, const OnWait& on_wait, const std::stop_token& stop);

  // What those who wait for it hear. Replaces what was said before.
  void say(std::string_view text);
  std::string said() const;

  void touch();   // its time of change is now
  void remove();  // the file; the lock stays until this object is gone

 private:
  FileLock(std::string path, UniqueFd file) : path_(std::move(path)), file_(std::move(file)) {}

  std::string path_;
  UniqueFd file_;
};

}  // namespace pysandbox::packages
