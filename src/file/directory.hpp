// Directories on the host: the one a store lives in, and what lies in one.
#pragma once

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "file/storage_error.hpp"
#include "support/in_quotes.hpp"
#include "support/unique_fd.hpp"

namespace pysandbox {

// `path` as an absolute one, so that a later chdir(2) does not move a store.
inline std::string absolute_directory(const std::string& path) {
  if (path.empty() || path.find('\0') != std::string::npos) {
    throw Error(ErrorCode::invalid_request,
                "The directory of a file store is " + in_quotes(path) + "; name an existing or new one");
  }
  std::error_code failure;
  const std::filesystem::path absolute = std::filesystem::absolute(path, failure);
  return failure ? path : absolute.string();
}

// An empty UniqueFd, with errno set, if it cannot be opened.
inline UniqueFd open_directory(const std::string& path) noexcept {
  return UniqueFd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

// Opens `path`; makes it, and what is missing above it, with `mode` first if it does not exist.
inline UniqueFd open_or_make_directory(const std::string& path, mode_t mode) {
  if (UniqueFd found = open_directory(path)) return found;
  if (errno != ENOENT) throw storage_error(errno, "Opening the directory " + in_quotes(path));
  for (std::size_t end = path.find('/', 1); end != std::string::npos; end = path.find('/', end + 1)) {
    ::mkdir(path.substr(0, end).c_str(), mode);
  }
  if (::mkdir(path.c_str(), mode) != 0 && errno != EEXIST) {
    throw storage_error(errno, "Making the directory " + in_quotes(path));
  }
  UniqueFd made = open_directory(path);
  if (!made) throw storage_error(errno, "Opening the directory " + in_quotes(path));
  return made;
}

// The names in an open directory, without "." and "..".
inline std::vector<std::string> names_in(int directory) {
  struct Close {
    void operator()(DIR* stream) const noexcept { ::closedir(stream); }
  };
  UniqueFd again(::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const std::unique_ptr<DIR, Close> stream(again ? ::fdopendir(again.get()) : nullptr);
  if (!stream) throw storage_error(errno, "Listing a directory");
  again.release();  // closedir() closes it

  std::vector<std::string> names;
  for (errno = 0; const dirent* entry = ::readdir(stream.get()); errno = 0) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  if (errno != 0) throw storage_error(errno, "Listing a directory");
  return names;
}

}  // namespace pysandbox
