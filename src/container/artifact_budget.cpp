#include "container/artifact_budget.hpp"

namespace pysandbox::container {
namespace {

void note_left_out(RunResult& result, const char* limit, std::uint64_t files, std::uint64_t maximum,
                   const std::string& observed) {
  result.warnings.push_back(std::to_string(files) + " artifacts were left out: the limit " + limit + " is " +
                            std::to_string(maximum));
  if (!result.failure) {
    result.failure =
        Failure{limit, observed, "write fewer or smaller files, pack them, or raise " + std::string(limit)};
  }
}

}  // namespace

bool ArtifactBudget::admits(std::uint64_t size) {
  ++seen_;
  seen_bytes_ += size;
  if (taken_ == limits_.artifact_count) {
    ++over_count_;
    return false;
  }
  if (size > limits_.artifact_bytes - taken_bytes_) {
    ++over_bytes_;
    return false;
  }
  return true;
}

void ArtifactBudget::take(std::uint64_t size) {
  ++taken_;
  taken_bytes_ += size;
}

void ArtifactBudget::note(RunResult& result) const {
  if (over_count_ > 0) {
    note_left_out(result, "artifact_count", over_count_, limits_.artifact_count, std::to_string(seen_) + " files");
  }
  if (over_bytes_ > 0) {
    note_left_out(result, "artifact_bytes", over_bytes_, limits_.artifact_bytes,
                  std::to_string(seen_bytes_) + " bytes");
  }
}

}  // namespace pysandbox::container
