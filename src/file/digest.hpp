// SHA-256 of bytes that come in pieces.
#pragma once

#include <nettle/sha2.h>

#include <cstddef>
#include <span>
#include <string>

namespace pysandbox {

class Sha256 {
 public:
  Sha256() noexcept;

  void update(std::span<const std::byte> bytes) noexcept;

  // The digest of everything so far, as 64 hexadecimal digits. More may follow.
  std::string hex() const;

 private:
  sha256_ctx state_;
};

}  // namespace pysandbox
