// Server-sent events out of a stream of bytes (WHATWG HTML, section 9.2.6), cut at any place.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace pysandbox::cli {

struct ServerEvent {
  std::string id;  // the last one that was sent, be it with an earlier event
  std::string name;
  std::string data;

  bool operator==(const ServerEvent&) const = default;
};

class SseParser {
 public:
  using Sink = std::function<void(const ServerEvent&)>;

  // Calls `sink` for each event that these bytes complete. Throws Error{too_large} for an event beyond all measure.
  void feed(std::string_view bytes, const Sink& sink);

 private:
  void take_line(const Sink& sink);
  void dispatch(const Sink& sink);

  std::string line_;
  ServerEvent event_;
  bool after_carriage_return_ = false;
  bool at_start_ = true;
};

}  // namespace pysandbox::cli
