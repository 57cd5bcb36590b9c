#include "packages/tree.hpp"

#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

#include <dirent.h>

#include <pysandbox/error.hpp>

#include "support/in_quotes.hpp"
#include "support/syscall.hpp"
#include "support/unique_fd.hpp"

namespace pysandbox::packages {
namespace {

constexpr int deepest = 64;

struct Entry {
  std::string name;
  bool is_directory;
};

std::vector<Entry> entries_of(int directory) {
  UniqueFd again(::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  check(again.get(), "Listing a directory");
  const std::unique_ptr<DIR, int (*)(DIR*)> listing(::fdopendir(again.get()), ::closedir);
  if (!listing) check(-1, "Listing a directory");
  again.release();  // closedir() closes it
  std::vector<Entry> entries;
  for (errno = 0; const dirent* entry = ::readdir(listing.get()); errno = 0) {
    const std::string_view name = entry->d_name;
    if (name == "." || name == "..") continue;
    bool is_directory = entry->d_type == DT_DIR;
    if (entry->d_type == DT_UNKNOWN) {
      struct stat status {};
      check(::fstatat(directory, entry->d_name, &status, AT_SYMLINK_NOFOLLOW), "Looking at a file");
      is_directory = S_ISDIR(status.st_mode);
    }
    entries.push_back({std::string(name), is_directory});
  }
  if (errno != 0) check(-1, "Listing a directory");
  return entries;
}

UniqueFd open_directory_at(int directory, const std::string& name) {
  UniqueFd opened(::openat(directory, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  check(opened.get(), "Opening the directory " + in_quotes(name));
  return opened;
}

std::uint64_t remove_entries(int directory, int depth) {
  if (depth > deepest) throw Error(ErrorCode::unavailable, "A directory of the store of environments is too deep");
  std::uint64_t freed = 0;
  for (const auto& entry : entries_of(directory)) {
    if (entry.is_directory) {
      freed += remove_entries(open_directory_at(directory, entry.name).get(), depth + 1);
    } else {
      struct stat status {};
      const bool known = ::fstatat(directory, entry.name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0;
      if (known && status.st_nlink == 1) freed += static_cast<std::uint64_t>(status.st_size);
    }
    const int removed = ::unlinkat(directory, entry.name.c_str(), entry.is_directory ? AT_REMOVEDIR : 0);
    if (removed != 0 && errno != ENOENT) check(-1, "Removing " + in_quotes(entry.name));
  }
  return freed;
}

UniqueFd open_file_at(int directory, const std::string& name) {
  UniqueFd file(::openat(directory, name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  check(file.get(), "Opening " + in_quotes(name));
  return file;
}

struct stat status_of(int file) {
  struct stat status {};
  check(::fstat(file, &status), "Looking at a file");
  return status;
}

bool same_content(int left, int right) {
  const struct stat one = status_of(left), other = status_of(right);
  if (one.st_ino == other.st_ino && one.st_dev == other.st_dev) return true;
  if (one.st_size != other.st_size) return false;
  for (char a[16384], b[16384];;) {
    const ssize_t count = check(::read(left, a, sizeof a), "Reading a file");
    if (count == 0) return true;
    for (ssize_t have = 0; have < count;) {
      const ssize_t more = check(::read(right, b + have, static_cast<std::size_t>(count - have)), "Reading a file");
      if (more == 0) return false;
      have += more;
    }
    if (std::memcmp(a, b, static_cast<std::size_t>(count)) != 0) return false;
  }
}

void copy_file(int from, const std::string& name, int to) {
  const UniqueFd source = open_file_at(from, name);
  const struct stat status = status_of(source.get());
  const UniqueFd target(::openat(to, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, status.st_mode & 0777));
  check(target.get(), "Making " + in_quotes(name));
  while (check(::sendfile(target.get(), source.get(), nullptr, 1U << 30), "Copying " + in_quotes(name)) > 0) {
  }
}

// What one compiler run makes of a source may differ from what another makes of it, and yet mean the same.
bool is_bytecode(const std::string& name) { return name.ends_with(".pyc"); }

class Linker {
 public:
  explicit Linker(const OnConflict& on_conflict) : on_conflict_(on_conflict) {}

  void link(int from, int to, const std::string& prefix, int depth) {
    if (depth > deepest) throw Error(ErrorCode::environment_failed, "A package has too many directories in each other");
    for (const auto& entry : entries_of(from)) {
      if (!entry.is_directory) {
        link_file(from, to, entry.name, prefix);
        continue;
      }
      if (::mkdirat(to, entry.name.c_str(), 0755) != 0 && errno != EEXIST) check(-1, "Making a directory");
      struct stat status {};
      check(::fstatat(to, entry.name.c_str(), &status, AT_SYMLINK_NOFOLLOW), "Looking at a directory");
      if (!S_ISDIR(status.st_mode)) {
        on_conflict_(prefix + entry.name);
        continue;
      }
      link(open_directory_at(from, entry.name).get(), open_directory_at(to, entry.name).get(),
           prefix + entry.name + "/", depth + 1);
    }
  }

  TreeSize size() const { return size_; }

 private:
  void link_file(int from, int to, const std::string& name, const std::string& prefix) {
    struct stat status {};
    check(::fstatat(from, name.c_str(), &status, AT_SYMLINK_NOFOLLOW), "Looking at " + in_quotes(name));
    if (!S_ISREG(status.st_mode)) throw Error(ErrorCode::unavailable, "The store of environments holds a strange file");
    if (::linkat(from, name.c_str(), to, name.c_str(), 0) != 0) {
      if (errno == EEXIST) return meet(from, to, name, prefix);
      // Another file system, one without links, or as many names as a file can have.
      if (errno != EXDEV && errno != EPERM && errno != EMLINK && errno != EOPNOTSUPP) {
        check(-1, "Linking " + in_quotes(name));
      }
      copy_file(from, name, to);
    }
    size_.bytes += static_cast<std::uint64_t>(status.st_size);
    ++size_.files;
  }

  void meet(int from, int to, const std::string& name, const std::string& prefix) {
    if (is_bytecode(name)) return;  // their sources decide
    struct stat status {};
    check(::fstatat(to, name.c_str(), &status, AT_SYMLINK_NOFOLLOW), "Looking at " + in_quotes(name));
    const bool same =
        S_ISREG(status.st_mode) && same_content(open_file_at(from, name).get(), open_file_at(to, name).get());
    if (!same) on_conflict_(prefix + name);
  }

  const OnConflict& on_conflict_;
  TreeSize size_;
};

UniqueFd open_tree_root(const std::string& path) {
  UniqueFd directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  check(directory.get(), "Opening the directory " + in_quotes(path));
  return directory;
}

}  // namespace

std::uint64_t remove_tree(const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return 0;
  if (!S_ISDIR(status.st_mode)) {
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) check(-1, "Removing " + in_quotes(path));
    return status.st_nlink == 1 ? static_cast<std::uint64_t>(status.st_size) : 0;
  }
  const std::uint64_t freed = remove_entries(open_tree_root(path).get(), 0);
  if (::rmdir(path.c_str()) != 0 && errno != ENOENT) check(-1, "Removing " + in_quotes(path));
  return freed;
}

TreeSize link_tree(const std::string& from, const std::string& to, const OnConflict& on_conflict) {
  Linker linker(on_conflict);
  linker.link(open_tree_root(from).get(), open_tree_root(to).get(), "", 0);
  return linker.size();
}

void flush_to_disk(const std::string& path) {
  check(::syncfs(open_tree_root(path).get()), "Writing to the disk of " + in_quotes(path));
}

}  // namespace pysandbox::packages
