// A form's parts are the same however its bytes are cut into pieces, and whatever is refused is refused in the same
// words.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include <pysandbox/error.hpp>

#include "http/multipart.hpp"

namespace {

using namespace pysandbox;
using namespace pysandbox::http;

// A source that gives at most `piece` bytes at once.
ByteSource source_of(std::string_view bytes, std::size_t piece) {
  return [bytes, piece](std::span<std::byte> into) mutable {
    const std::size_t taken = std::min({into.size(), piece, bytes.size()});
    std::memcpy(into.data(), bytes.data(), taken);
    bytes.remove_prefix(taken);
    return taken;
  };
}

// All that can be seen of a form, as text, with its parts read `step` bytes at a time.
std::string seen(std::string_view content_type, std::string_view body, std::size_t piece, std::size_t step) {
  std::string text;
  std::size_t bytes_of_parts = 0;
  try {
    Multipart multipart(content_type, source_of(body, piece));
    std::size_t parts = 0;
    while (const auto part = multipart.next_part()) {
      if (++parts > Multipart::max_parts) std::abort();
      text += "[" + part->name + "|" + part->filename.value_or("-") + "|" + part->content_type + "]";
      std::vector<std::byte> buffer(step);
      while (const std::size_t bytes = part->bytes(buffer)) {
        if (bytes > buffer.size()) std::abort();
        bytes_of_parts += bytes;
        text.append(reinterpret_cast<const char*>(buffer.data()), bytes);
      }
    }
  } catch (const Error& error) {
    if (error.code() != ErrorCode::invalid_request) std::abort();
    text += std::string("!") + error.what();
  }
  if (bytes_of_parts > body.size()) std::abort();
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::size_t piece = std::size_t{1} + data[0];
  const std::size_t step = std::size_t{1} + data[1];
  const std::string_view rest(reinterpret_cast<const char*>(data) + 2, size - 2);
  // The first line may say another Content-Type.
  std::string_view content_type = "multipart/form-data; boundary=X";
  std::string_view body = rest;
  if (rest.starts_with("multipart/")) {
    content_type = rest.substr(0, rest.find('\n'));
    body.remove_prefix(std::min(content_type.size() + 1, rest.size()));
  }
  const std::string whole = seen(content_type, body, 1 << 20, 1 << 16);
  if (seen(content_type, body, piece, step) != whole || seen(content_type, body, 1, 1) != whole) std::abort();
  return 0;
}
