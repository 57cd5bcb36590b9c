#include "support/random_id.hpp"

#include <sys/random.h>

#include <algorithm>
#include <array>

#include "support/syscall.hpp"

namespace pysandbox {

std::string random_id() {
  std::array<unsigned char, 16> bytes{};
  check(::getrandom(bytes.data(), bytes.size(), 0), "asking the kernel for random bytes", ErrorCode::internal);
  bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0f) | 0x40);  // version 4
  bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3f) | 0x80);  // the variant of RFC 9562, 4.1
  constexpr char digits[] = "0123456789abcdef";
  std::string id;
  id.reserve(32);
  for (const unsigned char byte : bytes) {
    id += digits[byte >> 4];
    id += digits[byte & 15];
  }
  return id;
}

bool is_random_id(const std::string& text) noexcept {
  return text.size() == 32 && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

}  // namespace pysandbox
