// Unpacks one wheel, in a container of its own.
#pragma once

#include <chrono>
#include <cstdint>
#include <stop_token>
#include <string>

#include <pysandbox/container_runner.hpp>

#include "packages/lock.hpp"
#include "packages/unpacked_part.hpp"

namespace pysandbox::packages {

struct UnpackTask {
  std::string wheel;      // the file on this host, whose digest was checked
  std::string directory;  // an empty one, which gets site-packages, bin and so on
  std::chrono::seconds timeout;
  std::uint64_t most_bytes;
};

inline constexpr std::uint64_t most_files_of_wheel = 50'000;

// Throws Error{environment_failed} for a wheel that cannot be taken, Error{conflict} after a stop.
void unpack_wheel(const LockedWheel& wheel, const UnpackTask& task, ContainerRunner& runner,
                  const std::stop_token& stop);

// The digest of a file, counted here and now.
std::string sha256_of_file(const std::string& path);

}  // namespace pysandbox::packages
