#include "local_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include <pysandbox/error.hpp>

namespace pysandbox::cli {
namespace {

std::string reason(int error) { return std::generic_category().message(error); }

}  // namespace

// O_NONBLOCK: a fifo without a writer is refused and not waited for.
LocalFile::LocalFile(std::string path) : path_(std::move(path)) {
  descriptor_ = std::make_shared<const UniqueFd>(::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!*descriptor_) {
    throw Error(errno == ENOENT ? ErrorCode::not_found : ErrorCode::invalid_request,
                fmt::format("cannot read the input {}: {}", path_, reason(errno)));
  }
  struct stat status {};
  ::fstat(descriptor_->get(), &status);
  if (S_ISDIR(status.st_mode)) {
    throw Error(ErrorCode::invalid_request, fmt::format("the input {} is a directory; name its files", path_));
  }
  if (!S_ISREG(status.st_mode)) {
    throw Error(ErrorCode::invalid_request, fmt::format("the input {} is no regular file; copy it into one", path_));
  }
  size_ = static_cast<std::uint64_t>(status.st_size);
}

ByteSource LocalFile::open() const {
  return [path = path_, descriptor = descriptor_, left = size_,
          offset = off_t{0}](std::span<std::byte> buffer) mutable {
    const std::size_t wanted = std::min<std::uint64_t>(buffer.size(), left);
    if (wanted == 0) return std::size_t{0};
    ssize_t count = 0;
    do count = ::pread(descriptor->get(), buffer.data(), wanted, offset);
    while (count < 0 && errno == EINTR);
    if (count < 0) {
      throw Error(ErrorCode::invalid_request, fmt::format("cannot read the input {}: {}", path, reason(errno)));
    }
    if (count == 0) {
      throw Error(ErrorCode::invalid_request,
                  fmt::format("the input {} became shorter while it was sent; send it again when it is whole", path));
    }
    offset += count;
    left -= static_cast<std::uint64_t>(count);
    return static_cast<std::size_t>(count);
  };
}

}  // namespace pysandbox::cli
