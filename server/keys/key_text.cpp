#include "keys/key_text.hpp"

#include <nettle/base64.h>
#include <nettle/memops.h>
#include <nettle/sha2.h>
#include <sys/random.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <span>

#include <pysandbox/error.hpp>

namespace pysandbox::server {
namespace {

template <std::size_t size>
std::array<std::uint8_t, size> random_bytes() {
  std::array<std::uint8_t, size> bytes;
  // Up to 256 bytes come whole, or not at all (getrandom(2)).
  while (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    if (errno != EINTR) throw Error(ErrorCode::unavailable, "the kernel gives no random bytes (getrandom)");
  }
  return bytes;
}

std::string hex(std::span<const std::uint8_t> bytes) {
  constexpr char digits[] = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t byte : bytes) text += {digits[byte >> 4], digits[byte & 15]};
  return text;
}

}  // namespace

std::string new_key_text() {
  const auto bytes = random_bytes<32>();
  std::string text(BASE64_ENCODE_LENGTH(bytes.size()) + BASE64_ENCODE_FINAL_LENGTH, '\0');
  base64_encode_ctx context;
  base64url_encode_init(&context);
  std::size_t size = base64_encode_update(&context, text.data(), bytes.size(), bytes.data());
  size += base64_encode_final(&context, text.data() + size);
  text.resize(text.find_last_not_of('=', size - 1) + 1);
  return "psk_" + text;
}

std::string new_key_id() { return hex(random_bytes<8>()); }

std::string sha256_hex(std::string_view text) {
  sha256_ctx context;
  sha256_init(&context);
  sha256_update(&context, text.size(), reinterpret_cast<const std::uint8_t*>(text.data()));
  std::array<std::uint8_t, SHA256_DIGEST_SIZE> digest{};
  sha256_digest(&context, digest.size(), digest.data());
  return hex(digest);
}

bool equal_in_constant_time(std::string_view a, std::string_view b) noexcept {
  return a.size() == b.size() && memeql_sec(a.data(), b.data(), a.size()) != 0;
}

}  // namespace pysandbox::server
