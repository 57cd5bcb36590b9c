// What a running job prints, on its way into the job's log.
#pragma once

#include <array>
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

  // Moves everything so far into the store, in whole characters. What the store cannot take now stays for the next
  // time. False if the claim was lost.
  bool flush(JobStore& store, const Claim& claim);

 private:
  struct Piece {
    Stream stream;
    std::string text;
  };

  std::vector<Piece> take();
  void put_back(std::vector<Piece> pieces);
  std::string& tail_of(Stream stream) { return tails_[stream == Stream::stdout_stream ? 0 : 1]; }

  std::mutex mutex_;  // guards the two below
  std::vector<Piece> pieces_;
  std::array<std::string, 2> tails_;  // of each stream: the beginning of a character whose rest has not come
};

}  // namespace pysandbox
