// By whom a container was made, and whether he lives: a runner holds a lock on a file with its name for as long as its
// process runs, however that ends.
#pragma once

#include <optional>
#include <string>

#include "support/unique_fd.hpp"

namespace pysandbox::docker {

class RunnerLock {
 public:
  // A new runner's, with a random name.
  static RunnerLock make(const std::string& directory);

  // That of a runner of this host which is dead. Nothing if it lives, or if this host knows none of that name.
  static std::optional<RunnerLock> take_dead(const std::string& directory, const std::string& id);

  RunnerLock(RunnerLock&&) noexcept = default;
  RunnerLock& operator=(RunnerLock&&) = delete;
  ~RunnerLock();

  const std::string& id() const noexcept { return id_; }

  // Nothing carries this name any more: the file goes with the lock.
  void forget() noexcept { forget_ = true; }

 private:
  RunnerLock(std::string path, std::string id, UniqueFd file);

  std::string path_;
  std::string id_;
  UniqueFd file_;
  bool forget_ = false;
};

}  // namespace pysandbox::docker
