// Bytes from a source into a file, and from a file to a reader.
#pragma once

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <pysandbox/file_store.hpp>

#include "file/measure.hpp"
#include "file/storage_error.hpp"
#include "support/unique_fd.hpp"

namespace pysandbox {

// Reads `source` to its end, hands each piece to `take` and measures it.
template <typename Take>
Measure pump(const ByteSource& source, const Take& take) {
  Measure measure;
  std::vector<std::byte> buffer(std::size_t{64} << 10);
  while (const std::size_t count = source(buffer)) {
    if (count > buffer.size())
      throw Error(ErrorCode::internal, "A source of bytes returned more than it was asked for; mend that source");
    const auto piece = std::span(buffer).first(count);
    measure.update(piece);
    take(piece);
  }
  return measure;
}

inline Measure measure_all(const ByteSource& source) {
  return pump(source, [](std::span<const std::byte>) {});
}

// `what` is what to say when writing fails: "Writing 'a.txt'".
inline void write_piece(std::span<const std::byte> piece, int fd, const std::string& what) {
  const std::string_view text(reinterpret_cast<const char*>(piece.data()), piece.size());
  if (!write_all(fd, text)) throw storage_error(errno, what);
}

// The bytes of a file from `offset` to `end`, or fewer if it ends before. `what` as above.
inline ByteSource read_from(UniqueFd fd, std::uint64_t offset, std::uint64_t end, std::string what) {
  struct Reader {
    UniqueFd fd;
    std::uint64_t offset;
    std::uint64_t end;
    std::string what;
  };
  // std::function wants a copy to be possible; copies go on where the others are.
  auto reader = std::make_shared<Reader>(Reader{std::move(fd), offset, end, std::move(what)});
  return [reader](std::span<std::byte> buffer) -> std::size_t {
    if (reader->offset >= reader->end) return 0;
    const std::uint64_t wanted = std::min<std::uint64_t>(buffer.size(), reader->end - reader->offset);
    ssize_t count;
    do {
      count = ::pread(reader->fd.get(), buffer.data(), wanted, static_cast<off_t>(reader->offset));
    } while (count < 0 && errno == EINTR);
    const auto done = static_cast<std::size_t>(stored(count, reader->what));
    reader->offset += done;
    return done;
  };
}

inline std::chrono::system_clock::time_point modified_at(const struct stat& status) {
  return std::chrono::system_clock::time_point(std::chrono::seconds(status.st_mtim.tv_sec) +
                                               std::chrono::nanoseconds(status.st_mtim.tv_nsec));
}

// Whole seconds are compared: nanoseconds times a caller's largest number would overflow.
inline bool is_older_than(const struct stat& status, std::chrono::seconds age) {
  return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now() - modified_at(status)) >= age;
}

}  // namespace pysandbox
