#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <utility>

#include <pysandbox/error.hpp>
#include <pysandbox/file_store.hpp>

#include "file/byte_flow.hpp"
#include "file/directory.hpp"
#include "file/file_trailer.hpp"
#include "file/temporary_file.hpp"
#include "support/in_quotes.hpp"
#include "support/random_id.hpp"
#include "support/syscall.hpp"

namespace pysandbox {
namespace {

constexpr mode_t directory_mode = 0700;
constexpr mode_t file_mode = 0600;
constexpr const char* incoming_name = "incoming";

// `directory`/incoming/<random>  files that are being written, locked by who writes them
// `directory`/ab/<id>            files whose id begins with "ab", each with its trailer
class LocalFileStore final : public FileStore {
 public:
  explicit LocalFileStore(const std::string& directory)
      : root_(open_or_make_directory(directory, directory_mode)), incoming_(open_or_make_incoming()) {
    remove_abandoned();
  }

  StoredFile add(std::string_view name, const ByteSource& source) override {
    check_name(name);
    const std::string what = "Keeping the file " + in_quotes(name);
    TemporaryFile file = new_locked_file();
    const Measure measure = write_from(source, file.fd(), what);
    StoredFile kept{.id = random_id(),
                    .name = std::string(name),
                    .size = measure.size(),
                    .content_type = measure.content_type(name),
                    .sha256 = measure.sha256(),
                    .created_at = {}};
    const FileTrailer trailer{kept.name, kept.content_type, kept.sha256, kept.size};
    if (!write_all(file.fd(), trailer_bytes(trailer))) throw storage_error(errno, what);
    kept.created_at = stamp(file.fd(), what);
    stored(::fsync(file.fd()), what);
    publish(file, kept.id, what);
    return kept;
  }

  std::optional<StoredFile> find(const FileId& id) override {
    struct stat status {};
    const UniqueFd file = open_file(id, status);
    if (!file) return std::nullopt;
    FileTrailer trailer = read_trailer(file.get(), id, status);
    return StoredFile{.id = id,
                      .name = std::move(trailer.name),
                      .size = trailer.size,
                      .content_type = std::move(trailer.content_type),
                      .sha256 = std::move(trailer.sha256),
                      .created_at = modified_at(status)};
  }

  std::optional<ByteSource> read(const FileId& id) override {
    struct stat status {};
    UniqueFd file = open_file(id, status);
    if (!file) return std::nullopt;
    const std::uint64_t size = read_trailer(file.get(), id, status).size;
    return read_from(std::move(file), size, "Reading the stored file " + id);
  }

  bool remove(const FileId& id) override { return is_random_id(id) && removed(root_.get(), shard_of(id) + "/" + id); }

  std::size_t remove_older_than(std::chrono::seconds age) override {
    std::size_t count = 0;
    for (const std::string& shard : names_in(root_.get())) {
      if (shard.size() != 2) continue;
      const UniqueFd directory = open_beneath(root_.get(), shard, O_RDONLY | O_DIRECTORY);
      if (!directory) continue;
      for (const std::string& id : names_in(directory.get())) {
        struct stat status {};
        const bool old = is_random_id(id) &&
                         ::fstatat(directory.get(), id.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 &&
                         S_ISREG(status.st_mode) && is_older_than(status, age);
        if (old && removed(directory.get(), id)) ++count;
      }
    }
    return count;
  }

 private:
  static std::string shard_of(const FileId& id) { return id.substr(0, 2); }

  static void check_name(std::string_view name) {
    if (name.empty() || name.size() > maximum_name_bytes || name.find('\0') != std::string_view::npos) {
      throw Error(ErrorCode::invalid_request,
                  "A file cannot be kept under a name that is empty, holds a NUL or is longer than " +
                      std::to_string(maximum_name_bytes) + " bytes; give it another name");
    }
  }

  UniqueFd open_or_make_incoming() {
    make_subdirectory(incoming_name);
    UniqueFd directory = open_beneath(root_.get(), incoming_name, O_RDONLY | O_DIRECTORY);
    if (!directory) throw storage_error(errno, "Opening the file store's directory 'incoming'");
    return directory;
  }

  void make_subdirectory(const std::string& name) {
    if (::mkdirat(root_.get(), name.c_str(), directory_mode) == 0) {
      stored(::fsync(root_.get()), "Making a directory in the file store");
    } else if (errno != EEXIST) {
      throw storage_error(errno, "Making a directory in the file store");
    }
  }

  // A temporary that nobody has locked belongs to a process that died.
  void remove_abandoned() {
    for (const std::string& name : names_in(incoming_.get())) {
      const UniqueFd file = open_beneath(incoming_.get(), name, O_RDONLY | O_NONBLOCK);
      if (file && ::flock(file.get(), LOCK_EX | LOCK_NB) == 0) ::unlinkat(incoming_.get(), name.c_str(), 0);
    }
  }

  TemporaryFile new_locked_file() {
    for (;;) {
      TemporaryFile file(incoming_.get(), random_id(), file_mode);
      int locked;
      do {
        locked = ::flock(file.fd(), LOCK_EX);
      } while (locked != 0 && errno == EINTR);
      stored(locked, "Locking a temporary file in the file store");
      struct stat status {};
      stored(::fstat(file.fd(), &status), "Locking a temporary file in the file store");
      if (status.st_nlink > 0) return file;  // else somebody tidied up before it was locked
    }
  }

  // The file's own time is the time it was kept at. The kernel's would be that of its last tick.
  static std::chrono::system_clock::time_point stamp(int fd, const std::string& what) {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    const auto seconds = std::chrono::floor<std::chrono::seconds>(now);
    const timespec time{.tv_sec = seconds.count(), .tv_nsec = std::chrono::nanoseconds(now - seconds).count()};
    const timespec times[] = {time, time};
    stored(::futimens(fd, times), what);
    struct stat status {};
    stored(::fstat(fd, &status), what);
    return modified_at(status);
  }

  void publish(TemporaryFile& file, const FileId& id, const std::string& what) {
    make_subdirectory(shard_of(id));
    const UniqueFd shard = open_beneath(root_.get(), shard_of(id), O_RDONLY | O_DIRECTORY);
    stored(shard.get(), what);
    if (!file.move_to(shard.get(), id)) throw storage_error(errno, what);
    if (::fsync(shard.get()) == 0) return;
    const int error = errno;
    ::unlinkat(shard.get(), id.c_str(), 0);
    throw storage_error(error, what);
  }

  // Empty if there is no such file.
  UniqueFd open_file(const FileId& id, struct stat& status) {
    if (!is_random_id(id)) return {};
    UniqueFd file = open_beneath(root_.get(), shard_of(id) + "/" + id, O_RDONLY | O_NONBLOCK);
    const std::string what = "Reading the stored file " + id;
    if (!file && errno != ENOENT) throw storage_error(errno, what);
    if (file) stored(::fstat(file.get(), &status), what);
    return file;
  }

  static FileTrailer read_trailer(int file, const FileId& id, const struct stat& status) {
    const auto file_size = static_cast<std::uint64_t>(status.st_size);
    std::string tail(std::min<std::uint64_t>(file_size, maximum_trailer_size), '\0');
    const ssize_t count = ::pread(file, tail.data(), tail.size(), status.st_size - static_cast<off_t>(tail.size()));
    stored(count, "Reading the stored file " + id);
    tail.resize(static_cast<std::size_t>(count));
    auto trailer = parse_trailer(tail, file_size);
    if (!trailer) {
      throw Error(ErrorCode::unavailable,
                  "The stored file " + id + " is damaged or of a newer version; restore it from a backup or remove it");
    }
    return *std::move(trailer);
  }

  static bool removed(int directory, const std::string& path) {
    if (::unlinkat(directory, path.c_str(), 0) == 0) return true;
    if (errno != ENOENT) throw storage_error(errno, "Removing a stored file");
    return false;
  }

  UniqueFd root_;
  UniqueFd incoming_;
};

}  // namespace

std::unique_ptr<FileStore> open_local_file_store(const std::string& directory) {
  return std::make_unique<LocalFileStore>(absolute_directory(directory));
}

}  // namespace pysandbox
