// A body in chunks is the same however its bytes are cut, ends at the same byte, and never grows by decoding.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "http/body_decoder.hpp"

using namespace pysandbox::http;

namespace {

struct Decoded {
  std::string payload{};
  std::size_t used = 0;
  bool is_refused = false;
  bool is_done = false;
  bool operator==(const Decoded&) const = default;
};

Decoded decode(const Framing& framing, std::string_view bytes, std::size_t piece) {
  BodyDecoder decoder(framing);
  Decoded result;
  while (!decoder.is_done() && result.used < bytes.size()) {
    const auto step = decoder.step(bytes.substr(result.used, piece));
    if (step.used == 0 || step.used > piece || step.payload.size() > step.used) std::abort();
    if (step.refusal) {
      if (step.refusal->status != 400) std::abort();
      result.is_refused = true;
      result.used += step.used;
      return result;
    }
    result.used += step.used;
    result.payload += step.payload;
  }
  result.is_done = decoder.is_done();
  return result;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  Framing framing;
  framing.body = Framing::Body::chunked;
  const Decoded whole = decode(framing, bytes, bytes.size());
  if (decode(framing, bytes, 1) != whole || decode(framing, bytes, std::size_t{1} + data[0]) != whole) std::abort();
  if (whole.payload.size() > bytes.size()) std::abort();
  // What was taken for a whole body is one without the bytes after it, too.
  if (whole.is_done && decode(framing, bytes.substr(0, whole.used), size) != whole) std::abort();
  return 0;
}
