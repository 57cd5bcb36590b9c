// Strings as sources of bytes, and back.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include <pysandbox/error.hpp>
#include <pysandbox/file_store.hpp>

namespace pysandbox::testing {

// Gives `text`, at most `piece` bytes at a time.
inline ByteSource source_of(std::string text, std::size_t piece = 1 << 20) {
  return [text = std::move(text), piece, done = std::size_t{0}](std::span<std::byte> buffer) mutable {
    const std::size_t count = std::min({buffer.size(), text.size() - done, piece});
    std::memcpy(buffer.data(), text.data() + done, count);
    done += count;
    return count;
  };
}

// Everything that is left in `source`.
inline std::string text_of(const ByteSource& source) {
  std::string text;
  std::byte buffer[10'000];
  while (const std::size_t count = source(buffer)) text.append(reinterpret_cast<const char*>(buffer), count);
  return text;
}

// Bytes without a pattern that a wrong offset could hide in.
inline std::string noise(std::size_t size) {
  std::string text(size, '\0');
  std::uint32_t state = 2'463'534'242;
  for (char& c : text) {
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    c = static_cast<char>(state);
  }
  return text;
}

// The code of the Error that `call` throws; empty if it throws none.
template <typename Call>
std::optional<ErrorCode> error_of(const Call& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.code();
  }
  return std::nullopt;
}

template <typename Call>
std::string message_of(const Call& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}

}  // namespace pysandbox::testing
