// System calls whose failure is an Error, and the few that glibc has no name for.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <pysandbox/error.hpp>

#include "support/unique_fd.hpp"

namespace pysandbox {

// "opening /x: Permission denied": for messages.
std::string errno_text(int error);

// Throws Error{code} with "<what>: <errno text>" if `result` is negative, else returns it.
long check(long result, const std::string& what, ErrorCode code = ErrorCode::unavailable);

// How far below a directory a path may lead.
enum class Beneath {
  same_file_system,  // never through a link, never across a mount
  any_file_system,   // never through a link
};

// openat2(2) that never leaves `directory` and never follows a link. Returns
// an empty UniqueFd with errno set on failure.
UniqueFd open_beneath(int directory, const std::string& path, std::uint64_t flags, std::uint32_t mode = 0,
                      Beneath beneath = Beneath::same_file_system) noexcept;

// Writes all of `data`, or returns false with errno set.
bool write_all(int fd, std::string_view data) noexcept;

// The whole of a small file, at most `limit` bytes; empty if it cannot be read.
std::string read_small_file(const std::string& path, std::size_t limit = 65536);
std::string read_small_fd(int fd, std::size_t limit = 65536);

}  // namespace pysandbox
