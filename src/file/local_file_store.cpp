#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include <pysandbox/error.hpp>
#include <pysandbox/file_store.hpp>

#include "file/byte_flow.hpp"
#include "file/directory.hpp"
#include "file/file_trailer.hpp"
#include "file/retention.hpp"
#include "file/storage_quota.hpp"
#include "file/temporary_file.hpp"
#include "support/failpoint.hpp"
#include "support/in_quotes.hpp"
#include "support/random_id.hpp"
#include "support/syscall.hpp"

namespace pysandbox {
namespace {

constexpr mode_t directory_mode = 0700;
constexpr mode_t file_mode = 0600;
constexpr const char* incoming_name = "incoming";
constexpr std::size_t usual_trailer_size = 1 << 10;

std::vector<FileId> sorted(std::vector<FileId> ids) {
  std::sort(ids.begin(), ids.end());
  return ids;
}

// What is in the first and not in the second; both are sorted.
std::vector<FileId> difference(const std::vector<FileId>& all, const std::vector<FileId>& without) {
  std::vector<FileId> rest;
  std::set_difference(all.begin(), all.end(), without.begin(), without.end(), std::back_inserter(rest));
  return rest;
}

// `directory`/incoming/<random>  files that are being written, locked by who writes them
// `directory`/ab/<id>            files whose id begins with "ab", each with its trailer
class LocalFileStore final : public FileStore {
 public:
  LocalFileStore(const std::string& directory, const LocalFileStoreOptions& options)
      : root_(open_or_make_directory(directory, directory_mode)), incoming_(open_or_make_incoming()), quota_(options) {
    remove_abandoned();
    count();
  }

  StoredFile add(std::string_view name, const ByteSource& source, std::string_view owner) override {
    check_name(name);
    check_owner(owner);
    const std::string what = "Keeping the file " + in_quotes(name);
    const FileId id = random_id();
    StorageQuota::Growth growth(quota_, id, owner);
    TemporaryFile file = new_locked_file();
    const Measure measure = pump(source, [&](std::span<const std::byte> piece) {
      growth.add(piece.size());
      write_piece(piece, file.fd(), what);
    });
    failpoint("file_written");
    const auto now = std::chrono::system_clock::now();
    const FileTrailer trailer{.name = std::string(name),
                              .content_type = measure.content_type(name),
                              .owner = std::string(owner),
                              .sha256 = measure.sha256(),
                              .size = measure.size(),
                              .added_at = now};
    if (!write_all(file.fd(), trailer_bytes(trailer))) throw storage_error(errno, what);
    stamp(file.fd(), now, what);
    stored(::fsync(file.fd()), what);
    failpoint("file_complete");
    publish(file, id, what);
    growth.keep();
    return describe(id, trailer, now);
  }

  std::optional<StoredFile> find(const FileId& id) override {
    struct stat status {};
    const UniqueFd file = open_file(id, status);
    if (!file) return std::nullopt;
    const FileTrailer trailer = read_trailer(file.get(), id, status);
    return describe(id, trailer, trailer.added_at.value_or(modified_at(status)));
  }

  std::optional<ByteSource> read(const FileId& id, std::uint64_t offset) override {
    struct stat status {};
    UniqueFd file = open_file(id, status);
    if (!file) return std::nullopt;
    const std::uint64_t size = read_trailer(file.get(), id, status).size;
    return read_from(std::move(file), offset, size, "Reading the stored file " + id);
  }

  bool renew(const FileId& id) override {
    struct stat status {};
    const UniqueFd file = open_file(id, status);
    return file && renewed(file.get(), "Renewing the stored file " + id);
  }

  bool remove(const FileId& id) override {
    if (!is_random_id(id)) return false;
    const bool was_there = removed(root_.get(), shard_of(id) + "/" + id);
    quota_.forget(id);
    return was_there;
  }

  std::size_t remove_older_than(std::chrono::seconds age) override {
    std::size_t count_removed = 0;
    for (const std::string& shard : names_in(root_.get())) {
      if (shard.size() != 2) continue;
      const UniqueFd directory = open_beneath(root_.get(), shard, O_RDONLY | O_DIRECTORY);
      if (!directory) continue;
      for (const FileId& id : names_in(directory.get())) {
        if (is_random_id(id) && removed_if_older_than(directory.get(), id, age)) ++count_removed;
      }
    }
    count();
    return count_removed;
  }

 private:
  static std::string shard_of(const FileId& id) { return id.substr(0, 2); }

  static StoredFile describe(const FileId& id, const FileTrailer& trailer,
                             std::chrono::system_clock::time_point created_at) {
    return {.id = id,
            .name = trailer.name,
            .owner = trailer.owner,
            .size = trailer.size,
            .content_type = trailer.content_type,
            .sha256 = trailer.sha256,
            .created_at = created_at};
  }

  static void check_name(std::string_view name) {
    if (name.empty() || name.size() > maximum_name_bytes || name.find('\0') != std::string_view::npos) {
      throw Error(ErrorCode::invalid_request,
                  "A file cannot be kept under a name that is empty, holds a NUL or is longer than " +
                      std::to_string(maximum_name_bytes) + " bytes; give it another name");
    }
  }

  static void check_owner(std::string_view owner) {
    if (owner.size() > maximum_key_bytes || owner.find('\0') != std::string_view::npos) {
      throw Error(ErrorCode::invalid_request,
                  "A file cannot be kept for an owner whose name holds a NUL or is longer than " +
                      std::to_string(maximum_key_bytes) + " bytes; give the owner another name");
    }
  }

  // Brings what is known of the files up to what there is: other processes may have added and removed some. A file
  // that is known is not read again.
  void count() {
    if (!quota_.is_set()) return;
    for (unsigned number = 0; number < 256; ++number) {
      constexpr std::string_view digits = "0123456789abcdef";
      const std::string shard{digits[number / 16], digits[number % 16]};
      std::vector<FileId> known = quota_.known(shard);  // before looking, so that what is not there now is gone
      const UniqueFd directory = open_beneath(root_.get(), shard, O_RDONLY | O_DIRECTORY);
      const std::vector<FileId> present = directory ? sorted(names_in(directory.get())) : std::vector<FileId>();
      for (const FileId& id : difference(known, present)) quota_.forget(id);
      for (const FileId& id : difference(present, known)) count_new(id);
    }
  }

  void count_new(const FileId& id) {
    const UniqueFd file =
        is_random_id(id) ? open_beneath(root_.get(), shard_of(id) + "/" + id, O_RDONLY | O_NONBLOCK) : UniqueFd();
    struct stat status {};
    if (!file || ::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) return;
    const auto trailer = find_trailer(file.get(), id, status);  // a damaged file takes space, too
    quota_.note(id, trailer ? trailer->owner : "",
                trailer ? trailer->size : static_cast<std::uint64_t>(status.st_size));
    // Somebody who removed it before it was noted could not have it forgotten.
    if (::fstat(file.get(), &status) == 0 && status.st_nlink == 0) quota_.forget(id);
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

  void publish(TemporaryFile& file, const FileId& id, const std::string& what) {
    make_subdirectory(shard_of(id));
    const UniqueFd shard = open_beneath(root_.get(), shard_of(id), O_RDONLY | O_DIRECTORY);
    stored(shard.get(), what);
    if (!file.move_to(shard.get(), id)) throw storage_error(errno, what);
    failpoint("file_published");
    ::flock(file.fd(), LOCK_UN);  // it was the writer's; a child with a copy of the descriptor would keep it
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
    auto trailer = find_trailer(file, id, status);
    if (!trailer) {
      throw Error(ErrorCode::unavailable,
                  "The stored file " + id + " is damaged or of a newer version; restore it from a backup or remove it");
    }
    return *std::move(trailer);
  }

  static std::optional<FileTrailer> find_trailer(int file, const FileId& id, const struct stat& status) {
    const auto file_size = static_cast<std::uint64_t>(status.st_size);
    for (const std::size_t enough : {usual_trailer_size, maximum_trailer_size}) {
      std::string tail(std::min<std::uint64_t>(file_size, enough), '\0');
      const ssize_t read = ::pread(file, tail.data(), tail.size(), status.st_size - static_cast<off_t>(tail.size()));
      stored(read, "Reading the stored file " + id);
      tail.resize(static_cast<std::size_t>(read));
      if (auto trailer = parse_trailer(tail, file_size)) return trailer;
    }
    return std::nullopt;
  }

  static bool removed(int directory, const std::string& path) {
    if (::unlinkat(directory, path.c_str(), 0) == 0) return true;
    if (errno != ENOENT) throw storage_error(errno, "Removing a stored file");
    return false;
  }

  UniqueFd root_;
  UniqueFd incoming_;
  StorageQuota quota_;
};

}  // namespace

std::unique_ptr<FileStore> open_local_file_store(const std::string& directory, const LocalFileStoreOptions& options) {
  return std::make_unique<LocalFileStore>(absolute_directory(directory), options);
}

}  // namespace pysandbox
