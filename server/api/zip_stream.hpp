// A ZIP archive that is made while it is read: no file, and no more memory than one piece.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <pysandbox/byte_source.hpp>

namespace pysandbox::api {

struct ZipEntry {
  std::string name;  // see zip_names()
  std::uint64_t size = 0;
  std::chrono::system_clock::time_point modified_at{};
  std::function<std::optional<ByteSource>()> open;  // nothing: it is gone, and is left out
};

// What it throws: Error{unavailable} if the archive cannot be made, and what the entries' sources throw. Then the
// archive has no end.
ByteSource zip_stream(std::vector<ZipEntry> entries);

// Names for an archive, one for each of `paths`: relative, in UTF-8, without anything that an unpacking program on any
// system could take for more than a name, no two alike.
std::vector<std::string> zip_names(const std::vector<std::string>& paths);

}  // namespace pysandbox::api
