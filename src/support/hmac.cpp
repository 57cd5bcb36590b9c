#include "support/hmac.hpp"

#include <nettle/hmac.h>

#include <cstdint>

namespace pysandbox {
namespace {

const std::uint8_t* bytes_of(std::string_view text) { return reinterpret_cast<const std::uint8_t*>(text.data()); }

}  // namespace

std::string hmac_sha256(std::string_view key, std::string_view text) {
  hmac_sha256_ctx state;
  hmac_sha256_set_key(&state, key.size(), bytes_of(key));
  hmac_sha256_update(&state, text.size(), bytes_of(text));
  std::string code(SHA256_DIGEST_SIZE, '\0');
  hmac_sha256_digest(&state, code.size(), reinterpret_cast<std::uint8_t*>(code.data()));
  return code;
}

}  // namespace pysandbox
