// Trees of files: to remove one, to make another of the same files.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace pysandbox::packages {

// Removes `path` and what is below it, never through a link. Returns how many bytes became free: those of files that
// had no other name. Harmless if there is none. Throws Error{unavailable}.
std::uint64_t remove_tree(const std::string& path);

struct TreeSize {
  std::uint64_t bytes = 0;
  std::uint64_t files = 0;
};

// Called for a file of which there is one already under that name, with another content.
using OnConflict = std::function<void(const std::string& path)>;

// Gives every file below `from` a second name below `to`, which exists; copies it where the file system gives none.
TreeSize link_tree(const std::string& from, const std::string& to, const OnConflict& on_conflict);

// Everything written to the file system of `path` is on its disk when this returns.
void flush_to_disk(const std::string& path);

}  // namespace pysandbox::packages
