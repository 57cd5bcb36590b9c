// What a local file store remembers of a file. It stands behind the file's own bytes, in the same file, so that
// both appear and vanish together:
//
//   bytes | name | content type | sha256, 64 | size of bytes, 8 | size of name, 4 | of content type, 4 | mark and
//   version, 8
//
// Numbers are little-endian. Nothing in the bytes can be taken for a trailer: it is read from the end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

namespace pysandbox {

struct FileTrailer {
  std::string name;
  std::string content_type;
  std::string sha256;
  std::uint64_t size = 0;
};

inline constexpr std::string_view trailer_mark = "pysbxf\n\x01";
inline constexpr std::size_t trailer_digest_size = 64;
inline constexpr std::size_t trailer_numbers_size = 8 + 4 + 4;
inline constexpr std::size_t trailer_end_size = trailer_digest_size + trailer_numbers_size + 8;
inline constexpr std::size_t maximum_name_bytes = 64 << 10;
inline constexpr std::size_t maximum_trailer_size = maximum_name_bytes + 256 + trailer_end_size;

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
  return trailer.name + trailer.content_type + trailer.sha256 + number_bytes(trailer.size) +
         number_bytes(static_cast<std::uint32_t>(trailer.name.size())) +
         number_bytes(static_cast<std::uint32_t>(trailer.content_type.size())) + std::string(trailer_mark);
}

// `tail` is the end of a file of `file_size` bytes, maximum_trailer_size or all of it. Empty if that is not a
// trailer of this version, or tells of another file.
inline std::optional<FileTrailer> parse_trailer(std::string_view tail, std::uint64_t file_size) {
  if (tail.size() < trailer_end_size || !tail.ends_with(trailer_mark)) return std::nullopt;
  const std::string_view end = tail.substr(tail.size() - trailer_end_size);
  const auto size = number_at<std::uint64_t>(end, trailer_digest_size);
  const std::size_t name_size = number_at<std::uint32_t>(end, trailer_digest_size + 8);
  const std::size_t type_size = number_at<std::uint32_t>(end, trailer_digest_size + 12);

  const std::size_t trailer_size = name_size + type_size + trailer_end_size;
  if (trailer_size > tail.size() || size != file_size - trailer_size) return std::nullopt;
  const std::string_view names = tail.substr(tail.size() - trailer_size);
  return FileTrailer{.name = std::string(names.substr(0, name_size)),
                     .content_type = std::string(names.substr(name_size, type_size)),
                     .sha256 = std::string(end.substr(0, trailer_digest_size)),
                     .size = size};
}

}  // namespace pysandbox
