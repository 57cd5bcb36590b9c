#include "private_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <system_error>

#include <pysandbox/error.hpp>

namespace pysandbox::server {
namespace {

[[noreturn]] void fail(std::string_view doing, const std::string& path, int error) {
  throw Error(ErrorCode::unavailable, fmt::format("{} {}: {}", doing, path, std::generic_category().message(error)));
}

class Descriptor {
 public:
  Descriptor(std::string_view doing, const std::string& path, int flags)
      : fd_(::open(path.c_str(), flags | O_CLOEXEC, 0600)) {
    if (fd_ < 0) fail(doing, path, errno);
  }
  ~Descriptor() { ::close(fd_); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  int get() const noexcept { return fd_; }

 private:
  int fd_;
};

void write_all(int fd, std::string_view content, const std::string& path) {
  while (!content.empty()) {
    const auto written = ::write(fd, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail("writing", path, errno);
    content.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace

std::optional<std::string> read_file(const std::string& path, std::size_t limit) {
  if (::access(path.c_str(), F_OK) != 0 && errno == ENOENT) return std::nullopt;
  const Descriptor file("opening", path, O_RDONLY);
  std::string content;
  std::array<char, 16384> buffer;
  for (;;) {
    const auto got = ::read(file.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail("reading", path, errno);
    if (got == 0) return content;
    content.append(buffer.data(), static_cast<std::size_t>(got));
    if (content.size() > limit) {
      throw Error(ErrorCode::unavailable, fmt::format("reading {}: it has more than {} bytes", path, limit));
    }
  }
}

void replace_private_file(const std::string& path, std::string_view content) {
  const std::string written = path + ".new";
  ::unlink(written.c_str());
  {
    const Descriptor file("making", written, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW);
    write_all(file.get(), content, written);
    if (::fsync(file.get()) != 0) fail("writing", written, errno);
  }
  if (::rename(written.c_str(), path.c_str()) != 0) fail("replacing", path, errno);
  const auto directory = std::filesystem::absolute(path).parent_path().string();
  const Descriptor above("opening", directory, O_RDONLY | O_DIRECTORY);
  if (::fsync(above.get()) != 0) fail("writing", directory, errno);
}

void make_private_directory(const std::string& path) {
  const auto whole = std::filesystem::absolute(path).lexically_normal();
  std::filesystem::path so_far;
  for (const auto& part : whole) {
    so_far /= part;
    if (part.empty()) continue;
    if (::mkdir(so_far.c_str(), 0700) != 0 && errno != EEXIST) {
      // A directory that is there already can be on a file system that answers otherwise (EROFS).
      const int error = errno;
      if (std::error_code ignored; !std::filesystem::is_directory(so_far, ignored)) {
        fail("making the directory", so_far.string(), error);
      }
    }
  }
  std::error_code error;
  if (!std::filesystem::is_directory(whole, error)) {
    throw Error(ErrorCode::unavailable, fmt::format("{} is no directory", whole.string()));
  }
}

FileLock::FileLock(const std::string& path) : fd_(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {
  if (fd_ < 0) fail("opening", path, errno);
  while (::flock(fd_, LOCK_EX) != 0) {
    if (errno == EINTR) continue;
    const int error = errno;
    ::close(fd_);
    fail("locking", path, error);
  }
}

FileLock::~FileLock() { ::close(fd_); }

}  // namespace pysandbox::server
