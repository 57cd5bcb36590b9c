// What a running job prints, on its way into the job's log.
#pragma once

#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include <pysandbox/job_store.hpp>

namespace pysandbox {

// Threads: add() on the job's worker, flush() on another.
class LiveOutput {
 public:
  void add(Stream stream, std::string_view text);

  // Moves everything so far into the store. What the store cannot take now stays for the next time. False if the claim
  // was lost.
  bool flush(JobStore& store, const Claim& claim);

 private:
  struct Piece {
    Stream stream;
    std::string text;
  };

  std::mutex mutex_;  // guards the pieces
  std::vector<Piece> pieces_;
};

}  // namespace pysandbox
