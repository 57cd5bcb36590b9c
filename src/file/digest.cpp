#include "file/digest.hpp"

#include <array>
#include <cstdint>

namespace pysandbox {

Sha256::Sha256() noexcept { sha256_init(&state_); }

void Sha256::update(std::span<const std::byte> bytes) noexcept {
  sha256_update(&state_, bytes.size(), reinterpret_cast<const std::uint8_t*>(bytes.data()));
}

std::string Sha256::hex() const {
  sha256_ctx copy = state_;  // sha256_digest() resets what it reads
  std::array<std::uint8_t, SHA256_DIGEST_SIZE> digest{};
  sha256_digest(&copy, digest.size(), digest.data());

  constexpr char digits[] = "0123456789abcdef";
  std::string text;
  text.reserve(2 * digest.size());
  for (const std::uint8_t byte : digest) {
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

}  // namespace pysandbox
