#include "sse_parser.hpp"

#include <pysandbox/error.hpp>

namespace pysandbox::cli {
namespace {

constexpr std::size_t maximum_event_bytes = 64ULL << 20;
constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

}  // namespace

void SseParser::feed(std::string_view bytes, const Sink& sink) {
  for (const char byte : bytes) {
    const bool second_half_of_line_end = after_carriage_return_ && byte == '\n';
    after_carriage_return_ = byte == '\r';
    if (second_half_of_line_end) continue;
    if (byte == '\r' || byte == '\n') {
      take_line(sink);
      continue;
    }
    if (line_.size() + event_.data.size() >= maximum_event_bytes) {
      throw Error(ErrorCode::too_large, "the server sent an event of more than 64 MiB; this is no log of a job");
    }
    line_ += byte;
  }
}

void SseParser::take_line(const Sink& sink) {
  std::string_view line = line_;
  if (at_start_ && line.starts_with(byte_order_mark)) line.remove_prefix(byte_order_mark.size());
  at_start_ = false;
  if (line.empty()) {
    dispatch(sink);
  } else if (!line.starts_with(':')) {  // such a line is a comment
    const auto colon = line.find(':');
    const auto field = line.substr(0, colon);
    auto value = colon == std::string_view::npos ? std::string_view() : line.substr(colon + 1);
    if (value.starts_with(' ')) value.remove_prefix(1);
    if (field == "data") event_.data.append(value) += '\n';
    if (field == "event") event_.name = value;
    if (field == "id" && value.find('\0') == std::string_view::npos) event_.id = value;
  }
  line_.clear();
}

void SseParser::dispatch(const Sink& sink) {
  if (!event_.data.empty()) {
    event_.data.pop_back();
    if (event_.name.empty()) event_.name = "message";
    sink(event_);
  }
  event_.name.clear();
  event_.data.clear();
}

}  // namespace pysandbox::cli
