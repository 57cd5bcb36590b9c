// Finds the place in a stream where the program's output ends and the keeper's words begin: a mark that nobody but the
// keeper and we know.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace pysandbox::docker {

class EndMark {
 public:
  using Take = std::function<void(std::string_view)>;

  // `mark` must not be empty.
  explicit EndMark(std::string mark);

  // Hands what comes before the mark to `before` and what comes behind it to `behind`. What may be the beginning of
  // the mark is held back until it is known.
  void add(std::string_view bytes, const Take& before, const Take& behind);

  // No more comes: what was held back was no mark.
  void finish(const Take& before);

  bool found() const noexcept { return found_; }

 private:
  std::string mark_;
  std::string held_;  // always a beginning of the mark
  bool found_ = false;
};

}  // namespace pysandbox::docker
