#include "live_output.hpp"

#include <iterator>
#include <utility>

#include <pysandbox/error.hpp>

#include "job/job_log.hpp"
#include "support/failpoint.hpp"
#include "value/text.hpp"

namespace pysandbox {

void LiveOutput::add(Stream stream, std::string_view text) {
  const std::lock_guard lock(mutex_);
  if (!pieces_.empty() && pieces_.back().stream == stream) {
    pieces_.back().text += text;
  } else {
    pieces_.push_back({stream, std::string(text)});
  }
}

std::vector<LiveOutput::Piece> LiveOutput::take() {
  const std::lock_guard lock(mutex_);
  std::vector<Piece> taken;
  for (Piece& piece : std::exchange(pieces_, {})) {
    std::string& tail = tail_of(piece.stream);
    piece.text.insert(0, tail);
    tail = piece.text.substr(piece.text.size() - size_of_unfinished_character(piece.text));
    piece.text.resize(piece.text.size() - tail.size());
    for (const std::string_view part : pieces_of(piece.text, most_event_bytes)) {
      taken.push_back({piece.stream, std::string(part)});
    }
  }
  return taken;
}

void LiveOutput::put_back(std::vector<Piece> pieces) {
  const std::lock_guard lock(mutex_);
  for (const Stream stream : {Stream::stdout_stream, Stream::stderr_stream}) {
    pieces.push_back({stream, std::exchange(tail_of(stream), {})});
  }
  pieces_.insert(pieces_.begin(), std::make_move_iterator(pieces.begin()), std::make_move_iterator(pieces.end()));
}

bool LiveOutput::flush(JobStore& store, const Claim& claim) {
  std::vector<Piece> taken = take();
  auto next = taken.begin();
  try {
    for (; next != taken.end(); ++next) {
      if (!store.append_output(claim, next->stream, next->text)) return false;
      failpoint("after_append");
    }
  } catch (...) {
    taken.erase(taken.begin(), next);
    put_back(std::move(taken));
    throw;
  }
  return true;
}

}  // namespace pysandbox
