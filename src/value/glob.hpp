// Patterns over the paths of files: see JobRequest::outputs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace pysandbox {

// One pattern, ready to be matched. However it is written, to match a path takes time in proportion to the length of
// the path and, by 64 letters, of the pattern: all places in the pattern that a path can have come to go on together.
class Glob {
 public:
  static constexpr std::size_t maximum_bytes = 512;

  // Throws Error{invalid_request} for a pattern that no path can match or that may be meant in another way: one that is
  // absolute or has an empty, '.' or '..' part, a '[' without its ']', a range that runs backwards, a NUL, or more
  // than maximum_bytes.
  explicit Glob(std::string_view pattern);

  // `path` as characters() gives it; without a '/' at either end.
  bool matches(std::u32string_view path) const;

 private:
  using Places = std::vector<std::uint64_t>;  // a bit for each place in the pattern

  void leave(Places& here, bool a_part_begins) const;

  Places stars_;                      // at a '*': stay there at any letter but '/', may go on at any time
  Places parts_;                      // at a "**": stay there at any letter, may go on where a part begins
  std::vector<char32_t> beginnings_;  // of the ranges of letters that no place tells apart
  std::vector<Places> takes_;         // the places that go on at the letters of such a range
  std::size_t end_ = 0;               // the place behind the last one
};

// Several patterns. None at all match every path.
class Globs {
 public:
  Globs() = default;
  explicit Globs(const std::vector<std::string>& patterns) : globs_(patterns.begin(), patterns.end()) {}

  bool match(std::string_view path) const;

 private:
  std::vector<Glob> globs_;
};

}  // namespace pysandbox
