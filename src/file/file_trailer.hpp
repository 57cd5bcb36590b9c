// What a local file store remembers of a file. It stands behind the file's own bytes, in the same file, so that
// both appear and vanish together:
//
//   bytes | name | content type | owner | time it was added at, 8 | size of owner, 4 | sha256, 64 | size of bytes, 8 |
//   size of name, 4 | of content type, 4 | mark and version, 8
//
// Numbers are little-endian; the time is in nanoseconds since 1970. Version 1 has neither owner nor time: the three
// fields are missing there. Nothing in the bytes can be taken for a trailer: it is read from the end.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include <pysandbox/job.hpp>

namespace pysandbox {

struct FileTrailer {
  std::string name;
  std::string content_type;
  std::string owner;
  std::string sha256;
  std::uint64_t size = 0;
  std::optional<std::chrono::system_clock::time_point> added_at;  // always there in version 2
};

inline constexpr std::string_view trailer_mark = "pysbxf\n";
inline constexpr char trailer_version = 2;
inline constexpr std::size_t trailer_digest_size = 64;
inline constexpr std::size_t trailer_numbers_size = 8 + 4 + 4;
inline constexpr std::size_t trailer_end_size = trailer_digest_size + trailer_numbers_size + 8;
inline constexpr std::size_t maximum_name_bytes = 64 << 10;
inline constexpr std::size_t trailer_owner_size = 8 + 4;
inline constexpr std::size_t maximum_trailer_size =
    maximum_name_bytes + maximum_key_bytes + 256 + trailer_owner_size + trailer_end_size;

template <typename Number>
std::string number_bytes(Number number) {
  std::string bytes(sizeof number, '\0');
  std::memcpy(bytes.data(), &number, sizeof number);  // x86_64 is little-endian
  return bytes;
}

template <typename Number>
Number number_at(std::string_view bytes, std::size_t offset) {
  Number number;
  std::memcpy(&number, bytes.data() + offset, sizeof number);
  return number;
}

inline std::string trailer_bytes(const FileTrailer& trailer) {
  const auto added_at = trailer.added_at.value_or(std::chrono::system_clock::time_point()).time_since_epoch();
  return trailer.name + trailer.content_type + trailer.owner +
         number_bytes(std::int64_t{std::chrono::nanoseconds(added_at).count()}) +
         number_bytes(static_cast<std::uint32_t>(trailer.owner.size())) + trailer.sha256 + number_bytes(trailer.size) +
         number_bytes(static_cast<std::uint32_t>(trailer.name.size())) +
         number_bytes(static_cast<std::uint32_t>(trailer.content_type.size())) + std::string(trailer_mark) +
         trailer_version;
}

// `tail` is the end of a file of `file_size` bytes, long enough for its trailer or all of it. Empty if that is not a
// trailer of a known version, or tells of another file, or begins before `tail`.
inline std::optional<FileTrailer> parse_trailer(std::string_view tail, std::uint64_t file_size) {
  if (tail.size() < trailer_end_size) return std::nullopt;
  const std::string_view end = tail.substr(tail.size() - trailer_end_size);
  const char version = end.back();
  if (!end.substr(0, end.size() - 1).ends_with(trailer_mark) || version < 1 || version > trailer_version) {
    return std::nullopt;
  }
  const auto size = number_at<std::uint64_t>(end, trailer_digest_size);
  const std::size_t name_size = number_at<std::uint32_t>(end, trailer_digest_size + 8);
  const std::size_t type_size = number_at<std::uint32_t>(end, trailer_digest_size + 12);

  std::size_t owner_size = 0;
  std::size_t fixed_size = trailer_end_size;
  std::optional<std::chrono::system_clock::time_point> added_at;
  if (version > 1) {
    fixed_size += trailer_owner_size;
    if (tail.size() < fixed_size) return std::nullopt;
    const std::string_view fields = tail.substr(tail.size() - fixed_size);
    added_at.emplace(std::chrono::nanoseconds(number_at<std::int64_t>(fields, 0)));
    owner_size = number_at<std::uint32_t>(fields, 8);
  }

  const std::size_t trailer_size = name_size + type_size + owner_size + fixed_size;
  if (trailer_size > tail.size() || size != file_size - trailer_size) return std::nullopt;
  const std::string_view words = tail.substr(tail.size() - trailer_size);
  return FileTrailer{.name = std::string(words.substr(0, name_size)),
                     .content_type = std::string(words.substr(name_size, type_size)),
                     .owner = std::string(words.substr(name_size + type_size, owner_size)),
                     .sha256 = std::string(end.substr(0, trailer_digest_size)),
                     .size = size,
                     .added_at = added_at};
}

}  // namespace pysandbox
