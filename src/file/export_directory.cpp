#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <pysandbox/error.hpp>
#include <pysandbox/file_store.hpp>

#include "file/byte_flow.hpp"
#include "file/directory.hpp"
#include "file/retention.hpp"
#include "file/temporary_file.hpp"
#include "support/in_quotes.hpp"
#include "support/random_id.hpp"
#include "support/syscall.hpp"

namespace pysandbox {
namespace {

// These are a person's files: their umask decides who else may read them.
constexpr mode_t directory_mode = 0777;
constexpr mode_t file_mode = 0666;
constexpr std::uint64_t everything = std::numeric_limits<off_t>::max();  // beyond it no file has bytes

// A relative name in its parts: "sub/b.txt" is {"sub"} and "b.txt".
struct ExportName {
  std::vector<std::string> directories;
  std::string file;
};

// Empty for a name that would lead out of the directory or that no file can have.
std::optional<ExportName> parse_name(std::string_view name) {
  constexpr std::size_t longest_part = 255;
  constexpr std::size_t longest_path = 4095;
  if (name.size() > longest_path || name.find('\0') != std::string_view::npos) return std::nullopt;
  ExportName result;
  for (;;) {
    const std::size_t slash = name.find('/');
    const std::string_view part = name.substr(0, slash);
    if (part.empty() || part == "." || part == ".." || part.size() > longest_part) return std::nullopt;
    if (slash == std::string_view::npos) {
      result.file = part;
      return result;
    }
    result.directories.emplace_back(part);
    name.remove_prefix(slash + 1);
  }
}

// What openat2(2) says of a name that has no regular file, because nothing or something else is there.
bool is_absence(int error) {
  return error == ENOENT || error == ENOTDIR || error == ELOOP || error == ENXIO || error == ENAMETOOLONG;
}

UniqueFd open_below(const UniqueFd& directory, const std::string& path, std::uint64_t flags) {
  return open_beneath(directory.get(), path, flags, 0, Beneath::any_file_system);
}

class ExportDirectory final : public FileStore {
 public:
  explicit ExportDirectory(std::string directory) : directory_(std::move(directory)) {}

  StoredFile add(std::string_view name, const ByteSource& source, std::string_view) override {
    const auto parsed = parse_name(name);
    if (!parsed) {
      throw Error(ErrorCode::invalid_request,
                  "The name " + in_quotes(name) + " cannot be used below " + in_quotes(directory_) +
                      "; use a relative name without '..', '.', NUL or empty parts, each part at most 255 bytes long");
    }
    const std::string what = "Writing " + in_quotes(name) + " to " + in_quotes(directory_);
    const UniqueFd parent = make_parent(*parsed, what);
    TemporaryFile file(parent.get(), ".pysandbox-" + random_id(), file_mode);
    const Measure measure =
        pump(source, [&](std::span<const std::byte> piece) { write_piece(piece, file.fd(), what); });
    struct stat status {};
    stored(::fstat(file.fd(), &status), what);
    stored(file.close(), what);
    if (!file.move_to(parent.get(), parsed->file)) throw in_the_way(errno, parsed->file, what);
    return describe(name, measure, status);
  }

  std::optional<StoredFile> find(const FileId& id) override {
    struct stat status {};
    UniqueFd file = open_file(id, status);
    if (!file) return std::nullopt;
    const Measure measure = measure_all(read_from(std::move(file), 0, everything, "Reading " + in_quotes(id)));
    return describe(id, measure, status);
  }

  std::optional<ByteSource> read(const FileId& id, std::uint64_t offset) override {
    struct stat status {};
    UniqueFd file = open_file(id, status);
    if (!file) return std::nullopt;
    return read_from(std::move(file), offset, everything, "Reading " + in_quotes(id));
  }

  bool renew(const FileId& id) override {
    struct stat status {};
    const UniqueFd file = open_file(id, status);
    return file && renewed(file.get(), "Renewing " + in_quotes(id));
  }

  bool remove(const FileId& id) override {
    const auto parsed = parse_name(id);
    const UniqueFd root = parsed ? open_root() : UniqueFd();
    if (!root) return false;
    const std::string above = id.substr(0, id.size() - parsed->file.size());
    const UniqueFd parent = open_below(root, "./" + above, O_PATH | O_DIRECTORY);
    if (!parent && is_absence(errno)) return false;
    stored(parent.get(), "Removing " + in_quotes(id));
    struct stat status {};
    return is_file(parent, parsed->file, status) && removed(parent, parsed->file);
  }

  // Open directories would be as many as the tree is deep, so paths are kept instead.
  std::size_t remove_older_than(std::chrono::seconds age) override {
    const UniqueFd root = open_root();
    if (!root) return 0;
    std::size_t count = 0;
    std::vector<std::string> waiting = {"."};
    while (!waiting.empty()) {
      const std::string path = std::move(waiting.back());
      waiting.pop_back();
      const UniqueFd directory = open_below(root, path, O_RDONLY | O_DIRECTORY);
      if (!directory && is_absence(errno)) continue;
      stored(directory.get(), "Opening the directory " + in_quotes(path) + " in " + in_quotes(directory_));
      for (const std::string& name : names_in(directory.get())) {
        struct stat status {};
        if (is_file(directory, name, status)) {
          if (removed_if_older_than(directory.get(), name, age)) ++count;
        } else if (S_ISDIR(status.st_mode)) {
          waiting.push_back(path + "/" + name);
        }
      }
    }
    return count;
  }

 private:
  static StoredFile describe(std::string_view name, const Measure& measure, const struct stat& status) {
    return {.id = std::string(name),
            .name = std::string(name),
            .owner = {},
            .size = measure.size(),
            .content_type = measure.content_type(name),
            .sha256 = measure.sha256(),
            .created_at = modified_at(status)};
  }

  // Empty if it does not exist (yet).
  UniqueFd open_root() const {
    UniqueFd root = open_directory(directory_);
    if (!root && errno != ENOENT) throw storage_error(errno, "Opening the directory " + in_quotes(directory_));
    return root;
  }

  UniqueFd make_parent(const ExportName& name, const std::string& what) const {
    UniqueFd parent = open_or_make_directory(directory_, directory_mode);
    for (const std::string& part : name.directories) {
      if (::mkdirat(parent.get(), part.c_str(), directory_mode) != 0 && errno != EEXIST) {
        throw storage_error(errno, what);
      }
      UniqueFd next = open_below(parent, part, O_PATH | O_DIRECTORY);
      if (!next) throw in_the_way(errno, part, what);
      parent = std::move(next);
    }
    return parent;
  }

  // What stands where a directory or a file is wanted is a matter of the name, not of the storage.
  static Error in_the_way(int error, const std::string& part, const std::string& what) {
    if (error != ELOOP && error != ENOTDIR && error != EISDIR && error != ENOTEMPTY && error != EEXIST) {
      return storage_error(error, what);
    }
    const std::string obstacle = error == ELOOP ? "a link" : error == ENOTDIR ? "a file" : "a directory";
    return {ErrorCode::invalid_request, what + " failed: " + obstacle + " called " + in_quotes(part) +
                                            " is in the way; move it or choose another name"};
  }

  // Empty if there is no such file.
  UniqueFd open_file(const FileId& id, struct stat& status) const {
    const UniqueFd root = parse_name(id) ? open_root() : UniqueFd();
    if (!root) return {};
    UniqueFd file = open_below(root, id, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    if (!file && !is_absence(errno)) throw storage_error(errno, "Opening " + in_quotes(id));
    if (!file || ::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) return {};
    return file;
  }

  static bool is_file(const UniqueFd& directory, const std::string& name, struct stat& status) {
    return ::fstatat(directory.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(status.st_mode);
  }

  static bool removed(const UniqueFd& directory, const std::string& name) {
    if (::unlinkat(directory.get(), name.c_str(), 0) == 0) return true;
    if (errno != ENOENT) throw storage_error(errno, "Removing " + in_quotes(name));
    return false;
  }

  const std::string directory_;
};

}  // namespace

std::unique_ptr<FileStore> open_export_directory(const std::string& directory) {
  return std::make_unique<ExportDirectory>(absolute_directory(directory));
}

}  // namespace pysandbox
