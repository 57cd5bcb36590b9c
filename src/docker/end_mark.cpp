#include "docker/end_mark.hpp"

#include <algorithm>
#include <utility>

namespace pysandbox::docker {
namespace {

// How many bytes at the end of `text` are a beginning of `mark`.
std::size_t begun(std::string_view text, std::string_view mark) {
  for (std::size_t size = std::min(text.size(), mark.size() - 1); size > 0; --size) {
    if (text.ends_with(mark.substr(0, size))) return size;
  }
  return 0;
}

}  // namespace

EndMark::EndMark(std::string mark) : mark_(std::move(mark)) {}

void EndMark::add(std::string_view bytes, const Take& before, const Take& behind) {
  if (found_) {
    if (!bytes.empty()) behind(bytes);
    return;
  }
  std::string joined;
  if (!held_.empty()) {
    joined = std::exchange(held_, {});
    joined += bytes;
    bytes = joined;
  }
  if (const auto place = bytes.find(mark_); place != std::string_view::npos) {
    found_ = true;
    if (place > 0) before(bytes.substr(0, place));
    if (place + mark_.size() < bytes.size()) behind(bytes.substr(place + mark_.size()));
    return;
  }
  const std::size_t hold = begun(bytes, mark_);
  held_ = bytes.substr(bytes.size() - hold);
  if (hold < bytes.size()) before(bytes.substr(0, bytes.size() - hold));
}

void EndMark::finish(const Take& before) {
  const std::string rest = std::exchange(held_, {});
  if (!rest.empty()) before(rest);
}

}  // namespace pysandbox::docker
