// The limits on artifacts, used up file by file.
#pragma once

#include <cstdint>
#include <string>

#include <pysandbox/limits.hpp>
#include <pysandbox/result.hpp>

namespace pysandbox::container {

class ArtifactBudget {
 public:
  explicit ArtifactBudget(const Limits& limits) : limits_(limits) {}

  // Whether a file of that size still fits; counts it as left out if not.
  bool admits(std::uint64_t size);

  // It was taken.
  void take(std::uint64_t size);

  // What was left out, as warnings and, if there is none yet, as the failure.
  void note(RunResult& result) const;

 private:
  const Limits& limits_;
  std::uint64_t seen_ = 0;  // files, and their bytes
  std::uint64_t seen_bytes_ = 0;
  std::uint64_t taken_ = 0;
  std::uint64_t taken_bytes_ = 0;
  std::uint64_t over_count_ = 0;
  std::uint64_t over_bytes_ = 0;
};

}  // namespace pysandbox::container
