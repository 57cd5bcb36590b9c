#include "http/multipart.hpp"

#include <string.h>

#include <algorithm>
#include <cstring>
#include <span>
#include <utility>

#include <pysandbox/error.hpp>

#include "http/field_parameters.hpp"
#include "http/text.hpp"

namespace pysandbox::http {
namespace {

// A part's head must fit, and it should be read in large pieces.
constexpr std::size_t buffer_bytes = 64 << 10;

[[noreturn]] void refuse(const std::string& what) {
  throw Error(ErrorCode::invalid_request, "the multipart body " + what);
}

std::string boundary_of(std::string_view content_type) {
  const auto field = parse_field_parameters(content_type);
  if (!field || field->value != "multipart/form-data")
    refuse("must be declared as multipart/form-data with a boundary");
  const std::string* boundary = field->find("boundary");
  if (!boundary) refuse("has no boundary in its Content-Type; let your HTTP library set that field");
  // RFC 2046, 5.1.1.
  const auto is_allowed = [](char byte) {
    return is_alphanumeric(byte) || std::string_view("'()+_,-./:=? ").find(byte) != std::string_view::npos;
  };
  if (boundary->empty() || boundary->size() > 70 || boundary->back() == ' ' ||
      !std::all_of(boundary->begin(), boundary->end(), is_allowed))
    refuse("has a boundary that is not 1 to 70 letters, digits and marks");
  return *boundary;
}

bool is_control(char byte) { return static_cast<unsigned char>(byte) < 0x20 || byte == 0x7f; }

// One field of a part's head.
void take_field(std::string_view name, std::string_view value, std::optional<FieldParameters>& disposition,
                Part& part) {
  if (equal_ignoring_case(name, "content-disposition")) {
    if (disposition) refuse("has a part with two Content-Disposition fields");
    disposition = parse_field_parameters(value);
    if (!disposition || disposition->value != "form-data")
      refuse("has a part whose Content-Disposition is not form-data");
  } else if (equal_ignoring_case(name, "content-type")) {
    part.content_type = value;
  } else if (equal_ignoring_case(name, "content-transfer-encoding")) {
    // RFC 7578, 4.7: no longer used. What it would change must not be taken for the bytes themselves.
    if (!equal_ignoring_case(value, "binary") && !equal_ignoring_case(value, "8bit") &&
        !equal_ignoring_case(value, "7bit"))
      refuse("has a part with a Content-Transfer-Encoding; send its bytes as they are");
  }
}

void name_part(const FieldParameters& disposition, Part& part) {
  const std::string* name = disposition.find("name");
  if (!name) refuse("has a part without a name");
  part.name = *name;
  if (const std::string* filename = disposition.find("filename")) part.filename = *filename;
  if (const std::string* extended = disposition.find("filename*")) {
    part.filename = decode_extended(*extended);
    if (!part.filename) refuse("has a part whose filename* is not UTF-8'' and percent-encoded bytes");
  }
  const std::string names = part.name + part.filename.value_or("");
  if (std::any_of(names.begin(), names.end(), is_control)) refuse("has a part whose name holds a control character");
}

Part parse_part_head(std::string_view head) {
  Part part;
  std::optional<FieldParameters> disposition;
  while (!head.empty()) {
    const auto end = head.find("\r\n");
    const std::string_view line = head.substr(0, end);
    head.remove_prefix(end == std::string_view::npos ? head.size() : end + 2);
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || !is_token(line.substr(0, colon)) ||
        std::any_of(line.begin(), line.end(), [](char byte) { return is_control(byte) && byte != '\t'; }))
      refuse("has a part whose head is broken");
    take_field(line.substr(0, colon), trimmed(line.substr(colon + 1)), disposition, part);
  }
  if (!disposition) refuse("has a part without Content-Disposition");
  name_part(*disposition, part);
  return part;
}

}  // namespace

struct Multipart::State {
  State(std::string boundary, ByteSource bytes)
      : delimiter("\r\n--" + std::move(boundary)),
        source(std::move(bytes)),
        buffer(std::make_unique_for_overwrite<char[]>(buffer_bytes)) {
    // So that a boundary at the very beginning is found as any other.
    std::memcpy(buffer.get(), "\r\n", 2);
    end = 2;
  }

  std::string_view unread() const { return {buffer.get() + begin, end - begin}; }

  // False at the end of the body.
  bool fill() {
    if (begin > 0) {
      std::memmove(buffer.get(), buffer.get() + begin, end - begin);
      end -= begin;
      begin = 0;
    }
    const std::size_t bytes = source(std::as_writable_bytes(std::span(buffer.get() + end, buffer_bytes - end)));
    end += bytes;
    return bytes > 0;
  }

  // How many bytes at the front belong to the part for sure, and whether the delimiter follows them. Looks no further
  // than for `wanted` bytes.
  std::pair<std::size_t, bool> data_in_front(std::size_t wanted) const {
    const std::string_view bytes = unread().substr(0, wanted + delimiter.size());
    const void* found = ::memmem(bytes.data(), bytes.size(), delimiter.data(), delimiter.size());
    if (found) return {static_cast<std::size_t>(static_cast<const char*>(found) - bytes.data()), true};
    // The end may be the beginning of a delimiter.
    const std::size_t held = std::min(bytes.size(), delimiter.size() - 1);
    const auto maybe = bytes.find('\r', bytes.size() - held);
    return {std::min(maybe, bytes.size()), false};
  }

  // Bytes of the part, at most so many; zero once its delimiter is next.
  std::size_t read(std::span<std::byte> into) {
    if (into.empty()) return 0;
    while (true) {
      const auto [available, is_end] = data_in_front(std::min(into.size(), buffer_bytes));
      const std::size_t taken = std::min(available, into.size());
      std::memcpy(into.data(), unread().data(), taken);
      begin += taken;
      if (taken > 0 || is_end) return taken;
      if (!fill()) refuse("ends before its last boundary; send all of it");
    }
  }

  void skip() {
    std::byte dropped[4096];
    while (read(dropped) > 0) {
    }
  }

  void need(std::size_t bytes) {
    while (unread().size() < bytes)
      if (!fill()) refuse("ends before its last boundary; send all of it");
  }

  // What is before "\r\n" at the front, which it removes too.
  std::string_view take_line(std::size_t max_bytes) {
    while (true) {
      const auto length = unread().find("\r\n");
      if (std::min(length, unread().size()) > max_bytes) refuse("has a boundary that goes on after its end");
      if (length != std::string_view::npos) {
        const std::string_view line = unread().substr(0, length);
        begin += length + 2;
        return line;
      }
      if (!fill()) refuse("ends before its last boundary; send all of it");
    }
  }

  // Passes the delimiter at the front, of which read() said that it is next. False if it was the last.
  bool pass_delimiter() {
    begin += delimiter.size();
    need(2);
    if (unread().starts_with("--")) return false;
    constexpr std::size_t padding = 256;  // RFC 2046 lets gateways add spaces
    if (!trimmed(take_line(padding)).empty()) refuse("has a boundary that goes on after its end");
    return true;
  }

  std::string take_head() {
    need(2);
    if (unread().starts_with("\r\n")) refuse("has a part without a head");
    while (true) {
      const auto length = unread().find("\r\n\r\n");
      if (std::min(length, unread().size()) > max_part_head_bytes)
        refuse("has a part whose head is larger than " + std::to_string(max_part_head_bytes) + " bytes");
      if (length != std::string_view::npos) {
        std::string head(unread().substr(0, length));
        begin += length + 4;
        return head;
      }
      if (!fill()) refuse("ends within the head of a part; send all of it");
    }
  }

  void drain() {
    do begin = end;
    while (fill());
  }

  const std::string delimiter;
  ByteSource source;
  std::unique_ptr<char[]> buffer;
  std::size_t begin = 0;
  std::size_t end = 0;
  std::size_t parts = 0;
  bool is_at_end = false;
};

Multipart::Multipart(std::string_view content_type, ByteSource source)
    : state_(std::make_shared<State>(boundary_of(content_type), std::move(source))) {}

Multipart::~Multipart() = default;

std::optional<Part> Multipart::next_part() {
  State& state = *state_;
  if (state.is_at_end) return std::nullopt;
  state.skip();
  if (!state.pass_delimiter()) {
    state.is_at_end = true;
    state.drain();
    return std::nullopt;
  }
  if (++state.parts > max_parts) refuse("has more than " + std::to_string(max_parts) + " parts");
  Part part = parse_part_head(state.take_head());
  part.bytes = [state = state_, number = state.parts](std::span<std::byte> into) -> std::size_t {
    if (state->parts != number || state->is_at_end)
      throw Error(ErrorCode::internal, "a part was read after the next was asked for");
    return state->read(into);
  };
  return part;
}

}  // namespace pysandbox::http
