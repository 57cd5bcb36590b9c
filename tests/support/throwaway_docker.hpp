// A Docker engine that lives as long as this object: behind a unix socket of its own, with directories of its own, for
// tests. It has the runner's image, made by scripts/make_image.sh. It ends with this process, whatever happens to it.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

#include "temporary_directory.hpp"

namespace pysandbox::testing {

class ThrowawayDocker {
 public:
  static constexpr const char* image = "pysandbox-python";

  ThrowawayDocker();
  ~ThrowawayDocker();
  ThrowawayDocker(const ThrowawayDocker&) = delete;
  ThrowawayDocker& operator=(const ThrowawayDocker&) = delete;

  // Why there can be none here; empty if there can.
  static std::string missing();

  std::string socket() const { return directory_ / "socket"; }
  std::string address() const { return "unix://" + socket(); }

  void start();  // nothing if it runs
  void stop();   // as systemd does it: containers end
  void kill();   // as the kernel does it: containers are left alone

 private:
  bool answers() const;

  TemporaryDirectory directory_;
  std::vector<std::filesystem::path> there_before_;  // of what engines make outside of their directories
  pid_t engine_ = -1;
};

}  // namespace pysandbox::testing
