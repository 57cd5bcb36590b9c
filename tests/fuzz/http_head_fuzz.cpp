// A head ends at the same byte however it is cut; what is let pass has one Host, one way to end its body and a path
// that leads nowhere else.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "http/framing.hpp"
#include "http/head_parser.hpp"
#include "http/head_scan.hpp"
#include "http/target.hpp"

using namespace pysandbox::http;

namespace {

// The length, zero if more must come, -status if it is refused.
long scan(std::string_view bytes, std::size_t piece) {
  HeadScan scan(4096, 20);
  for (std::size_t end = std::min(piece, bytes.size());; end = std::min(end + piece, bytes.size())) {
    const auto found = scan.look(bytes.substr(0, end));
    if (const auto* refusal = std::get_if<Refusal>(&found)) return -refusal->status;
    if (const auto length = std::get<0>(found)) return static_cast<long>(*length);
    if (end == bytes.size()) return 0;
  }
}

long count(const Head& head, std::string_view name) {
  return std::count_if(head.headers.begin(), head.headers.end(),
                       [&](const auto& field) { return field.first == name; });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const long length = scan(bytes, bytes.size());
  if (scan(bytes, 1) != length || scan(bytes, std::size_t{1} + data[0]) != length) std::abort();
  if (length <= 0) return 0;
  const auto parsed = parse_head(bytes.substr(0, static_cast<std::size_t>(length)));
  const auto* head = std::get_if<Head>(&parsed);
  if (!head) return 0;
  const auto checked = check_head(*head);
  const auto* framing = std::get_if<Framing>(&checked);
  if (!framing) return 0;
  if (count(*head, "host") != 1 || framing->host.empty()) std::abort();
  if (count(*head, "content-length") + count(*head, "transfer-encoding") > 1) std::abort();
  if ((count(*head, "transfer-encoding") == 1) != (framing->body == Framing::Body::chunked)) std::abort();
  if (framing->body == Framing::Body::chunked && head->version != 11) std::abort();
  for (const auto& [name, value] : head->headers)
    if (std::any_of(value.begin(), value.end(), [](char byte) { return byte == '\r' || byte == '\n' || byte == '\0'; }))
      std::abort();
  const auto target = parse_target(head->target);
  if (!target) return 0;
  for (const std::string& segment : target->segments) {
    if (segment == "." || segment == ".." || segment.find('/') != std::string::npos ||
        segment.find('\0') != std::string::npos)
      std::abort();
    if (segment.empty() && &segment != &target->segments.back()) std::abort();
  }
  return 0;
}
