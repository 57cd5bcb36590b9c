// Inputs whose bytes are elsewhere: in the FileStore, or behind a URL.
#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include <pysandbox/byte_source.hpp>
#include <pysandbox/job.hpp>

#include "environment/prepare.hpp"

namespace pysandbox {

// Bytes that are there.
struct RemoteInput {
  std::string name;  // as their owner or their server calls them; not safe
  ByteSource bytes;
  std::uint64_t size = 0;
};

// A sentence on why they are not.
struct Missing {
  std::string sentence;
};

using Found = std::variant<RemoteInput, Missing>;

// The file that `input.file_id` names. Throws as FileStore does.
Found find_stored(const InputFile& input, FileStore* files);

// What `input.url` names, `most_bytes` of it at most. Throws Error{unavailable} if there is no room for it.
Found fetch(const InputFile& input, const InputSources& sources, std::uint64_t most_bytes);

}  // namespace pysandbox
