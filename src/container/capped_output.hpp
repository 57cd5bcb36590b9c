// One output stream of a program, kept within its limit: the first half and the last half of
// what was printed, with a mark where the middle was.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <pysandbox/container_runner.hpp>

namespace pysandbox::container {

class CappedOutput {
 public:
  CappedOutput(Stream stream, std::uint64_t limit, OutputSink sink);

  void add(std::string_view text);

  // Everything kept; call once. Passes the held-back end to the sink.
  std::string finish();

  bool truncated() const noexcept { return total_ > limit_; }
  std::uint64_t total() const noexcept { return total_; }

 private:
  void add_to_tail(std::string_view text);
  void emit(std::string_view text) const;

  Stream stream_;
  std::uint64_t limit_;
  std::uint64_t head_limit_;
  OutputSink sink_;
  std::uint64_t total_ = 0;
  std::string head_;
  std::string tail_;  // at most twice what is needed, so that cutting it is rare
};

}  // namespace pysandbox::container
