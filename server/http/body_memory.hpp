// How much memory the bodies that are read whole take, those of all connections together.
#pragma once

#include <atomic>
#include <cstdint>

namespace pysandbox::http {

// Threads: any.
class BodyMemory {
 public:
  explicit BodyMemory(std::uint64_t most_bytes) : most_bytes_(most_bytes) {}

  // What one body takes, until the end of this object.
  class Share {
   public:
    explicit Share(BodyMemory& all) : all_(all) {}
    ~Share() { all_.bytes_ -= bytes_; }
    Share(const Share&) = delete;
    Share& operator=(const Share&) = delete;

    // False if others have left no room for so much more. Whoever is alone has room: bodies are bounded elsewhere.
    bool grow(std::uint64_t bytes) {
      const std::uint64_t all = all_.bytes_ += bytes;
      bytes_ += bytes;
      return all <= all_.most_bytes_ || all == bytes_;
    }

   private:
    BodyMemory& all_;
    std::uint64_t bytes_ = 0;
  };

 private:
  const std::uint64_t most_bytes_;
  std::atomic<std::uint64_t> bytes_{0};
};

}  // namespace pysandbox::http
