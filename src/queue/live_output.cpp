#include "live_output.hpp"

#include <iterator>
#include <utility>

#include <pysandbox/error.hpp>

namespace pysandbox {

void LiveOutput::add(Stream stream, std::string_view text) {
  const std::lock_guard lock(mutex_);
  if (!pieces_.empty() && pieces_.back().stream == stream) {
    pieces_.back().text += text;
  } else {
    pieces_.push_back({stream, std::string(text)});
  }
}

bool LiveOutput::flush(JobStore& store, const Claim& claim) {
  std::vector<Piece> taken;
  {
    const std::lock_guard lock(mutex_);
    taken.swap(pieces_);
  }
  auto next = taken.begin();
  try {
    for (; next != taken.end(); ++next) {
      if (!store.append_output(claim, next->stream, next->text)) return false;
    }
  } catch (const Error&) {
    const std::lock_guard lock(mutex_);
    pieces_.insert(pieces_.begin(), std::make_move_iterator(next), std::make_move_iterator(taken.end()));
    throw;
  }
  return true;
}

}  // namespace pysandbox
