#include "container/workspace.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/fsuid.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "container/artifact_budget.hpp"
#include "container/input_bytes.hpp"
#include "support/syscall.hpp"

namespace pysandbox::container {
namespace {

constexpr std::uint64_t page = 4096;
constexpr int maximum_depth = 16;
constexpr std::uint64_t directory_reserve = 64;  // inodes for the directories of nested inputs

// Files in the guest's file system can only be made by an id that it knows (user_namespaces(7)): for as long
// as this lives, this thread, and no other, makes files as the guest.
class MakeFilesAs {
 public:
  MakeFilesAs(uid_t uid, gid_t gid) : gid_(::setfsgid(gid)), uid_(::setfsuid(uid)) {}
  ~MakeFilesAs() {
    ::setfsuid(static_cast<uid_t>(uid_));
    ::setfsgid(static_cast<gid_t>(gid_));
  }
  MakeFilesAs(const MakeFilesAs&) = delete;
  MakeFilesAs& operator=(const MakeFilesAs&) = delete;

 private:
  int gid_;
  int uid_;
};

void make_parents(int root, const std::string& path) {
  for (auto slash = path.find('/', path.find('/') + 1); slash != std::string::npos; slash = path.find('/', slash + 1)) {
    if (::mkdirat(root, path.substr(0, slash).c_str(), 0755) != 0 && errno != EEXIST) {
      check(-1, "making the directory for the input " + path);
    }
  }
}

void copy_all(int source, int target, const std::string& path) {
  for (;;) {
    const ssize_t count = ::sendfile(target, source, nullptr, 1 << 30);
    if (count == 0) return;
    if (count < 0 && errno != EINTR) {
      check(-1, "copying the input " + path + (errno == ENOSPC ? " (did it grow meanwhile?)" : ""),
            ErrorCode::unavailable);
    }
  }
}

void write_text(int target, std::string_view text, const std::string& path) {
  if (!write_all(target, text)) check(-1, "placing the input " + path);
}

bool is_left_out(std::string_view name) noexcept { return name.front() == '.' || name == "__pycache__"; }

// An owner can close a file to itself; under root nothing is closed to us.
UniqueFd open_closed(int directory, const std::string& name, int flags) {
  const UniqueFd handle = open_beneath(directory, name, O_PATH | O_NOFOLLOW);
  if (!handle) return {};
  const std::string alias = "/proc/self/fd/" + std::to_string(handle.get());
  if (::chmod(alias.c_str(), (flags & O_DIRECTORY) != 0 ? 0700 : 0600) != 0) return {};
  return open_beneath(directory, name, static_cast<std::uint64_t>(flags));
}

UniqueFd open_for_reading(int directory, const std::string& name, int extra_flags) {
  const int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | extra_flags;
  UniqueFd file = open_beneath(directory, name, static_cast<std::uint64_t>(flags));
  if (!file && errno == EACCES) file = open_closed(directory, name, flags);
  return file;
}

struct Found {
  std::string path;
  std::uint64_t size;
};

class DeadFile final : public OutputFile {
 public:
  DeadFile(std::string path, std::uint64_t size, UniqueFd file)
      : path_(std::move(path)), size_(size), left_(size), file_(std::move(file)) {}

  const std::string& path() const override { return path_; }
  std::uint64_t size() const override { return size_; }

  std::size_t read(std::span<std::byte> buffer) override {
    const std::size_t wanted = static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), left_));
    if (wanted == 0) return 0;
    ssize_t count;
    do count = ::read(file_.get(), buffer.data(), wanted);
    while (count < 0 && errno == EINTR);
    check(count, "reading the artifact " + path_);
    left_ -= static_cast<std::uint64_t>(count);
    return static_cast<std::size_t>(count);
  }

 private:
  std::string path_;
  std::uint64_t size_;
  std::uint64_t left_;
  UniqueFd file_;
};

using Listing = std::unique_ptr<DIR, int (*)(DIR*)>;
using Visit = std::function<void(const std::string& path, const struct stat&)>;

// Depth first; `too_deep` counts directories that were not entered.
void walk(UniqueFd directory, const std::string& prefix, int depth, const Visit& visit, std::uint64_t& too_deep) {
  const int fd = directory.get();
  const Listing listing(::fdopendir(directory.release()), ::closedir);
  if (!listing) return;
  while (const dirent* entry = ::readdir(listing.get())) {
    const std::string name = entry->d_name;
    if (is_left_out(name)) continue;
    struct stat status {};
    if (::fstatat(fd, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) continue;
    if (S_ISREG(status.st_mode)) visit(prefix + name, status);
    if (!S_ISDIR(status.st_mode)) continue;
    if (depth == maximum_depth) {
      ++too_deep;
    } else if (UniqueFd below = open_for_reading(fd, name, O_DIRECTORY)) {
      walk(std::move(below), prefix + name + "/", depth + 1, visit, too_deep);
    }
  }
}

// Opens one found file again, part by part, as the walk came to it.
UniqueFd open_found(int root, const std::string& path) {
  UniqueFd directory = open_for_reading(root, "workspace", O_DIRECTORY);
  std::size_t start = 0;
  for (std::size_t slash; directory && (slash = path.find('/', start)) != std::string::npos; start = slash + 1) {
    directory = open_for_reading(directory.get(), path.substr(start, slash - start), O_DIRECTORY);
  }
  return directory ? open_for_reading(directory.get(), path.substr(start), 0) : UniqueFd();
}

}  // namespace

InputNeed measure_inputs(const Program& program) {
  InputNeed need{(program.code.size() + page) / page * page, 1 + directory_reserve};
  for (const auto& input : program.inputs) {
    std::uint64_t size = input.bytes ? input.size : input.content.size();
    if (!input.bytes && !input.source.empty()) {
      struct stat status {};
      check(::fstat(open_source(input.source).get(), &status), "looking at the input " + input.source);
      size = static_cast<std::uint64_t>(status.st_size);
    }
    const auto parts = static_cast<std::uint64_t>(std::count(input.path.begin(), input.path.end(), '/'));
    need.bytes += (size + page) / page * page;
    need.inodes += 2 + 2 * parts;  // in the workspace and in /data
  }
  return need;
}

InputNeed measure_aids(const PackageAids& aids) {
  InputNeed need;
  for (const auto& aid : aids.files) {
    need.bytes += (aid.content.size() + page) / page * page;
    need.inodes += 1 + static_cast<std::uint64_t>(std::count(aid.path.begin(), aid.path.end(), '/'));
  }
  return need;
}

void Workspace::place(const Program& program) {
  outputs_ = Globs(program.outputs);
  for (const auto& input : program.inputs) place_input(input);
  const UniqueFd code = make_file(program.entry_point);
  write_text(code.get(), program.code, program.entry_point);
  remember(program.entry_point, code.get());
}

void Workspace::place(const PackageAids& aids) {
  for (const auto& aid : aids.files) place_aid(aid);
}

void Workspace::place_aid(const PackageAids::File& aid) const {
  const std::string place = "tmp/" + aid.path;
  const std::string what = "placing /tmp/" + aid.path;
  const MakeFilesAs guest(uid_, gid_);
  make_parents(root_, place);
  if (!aid.link_target.empty()) {
    check(::symlinkat(aid.link_target.c_str(), root_, place.c_str()), what);
    return;
  }
  const UniqueFd file = open_beneath(root_, place, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0644);
  check(file.get(), what);
  if (!write_all(file.get(), aid.content)) check(-1, what);
}

// Where the bytes come from is the caller's code, which must not run as the guest: only names are made as him.
void Workspace::place_input(const ProgramInput& input) {
  const bool is_source = !input.bytes && !input.source.empty();
  const UniqueFd source = is_source ? open_source(input.source) : UniqueFd();
  const UniqueFd file = make_file(input.path);
  if (input.bytes) {
    read_bytes(input, [&](std::string_view part) { write_text(file.get(), part, input.path); });
  } else if (source) {
    copy_all(source.get(), file.get(), input.source);
  } else {
    write_text(file.get(), input.content, input.path);
  }
  show_in_data(input.path);
  remember(input.path, file.get());
}

UniqueFd Workspace::make_file(const std::string& path) const {
  const std::string place = "workspace/" + path;
  const MakeFilesAs guest(uid_, gid_);
  make_parents(root_, place);
  UniqueFd file = open_beneath(root_, place, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0644);
  check(file.get(), "placing the input " + path);
  return file;
}

void Workspace::show_in_data(const std::string& path) const {
  const MakeFilesAs guest(uid_, gid_);
  make_parents(root_, "data/" + path);
  check(::linkat(root_, ("workspace/" + path).c_str(), root_, ("data/" + path).c_str(), 0),
        "placing the input " + path);
}

void Workspace::remember(const std::string& path, int file) {
  struct stat status {};
  check(::fstat(file, &status), "looking at the input " + path);
  placed_[path] = mark_of(status);
}

Workspace::Mark Workspace::mark_of(const struct stat& status) {
  return {status.st_ino,          status.st_size,        status.st_mtim.tv_sec,
          status.st_mtim.tv_nsec, status.st_ctim.tv_sec, status.st_ctim.tv_nsec};
}

bool Workspace::is_unchanged_input(const std::string& path, const struct stat& status) const {
  const auto found = placed_.find(path);
  return found != placed_.end() && found->second == mark_of(status);
}

std::string Workspace::read_report() const {
  const UniqueFd file = open_beneath(root_, "report", O_RDONLY | O_NOFOLLOW);
  char first = '\0';
  // Mostly there is none: then the file is as it was made.
  if (!file || ::pread(file.get(), &first, 1, 0) != 1 || first == '\0') return {};
  return read_small_fd(file.get(), 32 << 10);
}

Workspace::Fill Workspace::fill() const {
  struct statfs status {};
  if (::fstatfs(root_, &status) != 0) return {0, 0};
  return {(status.f_blocks - status.f_bfree) * static_cast<std::uint64_t>(status.f_bsize),
          status.f_files - status.f_ffree};
}

void Workspace::collect(const Limits& limits, RunResult& result, const std::function<void(OutputFile&)>& take) const {
  std::vector<Found> found;
  std::uint64_t too_deep = 0;
  walk(
      open_for_reading(root_, "workspace", O_DIRECTORY), "", 0,
      [&](const std::string& path, const struct stat& status) {
        if (is_unchanged_input(path, status) || !outputs_.match(path)) return;
        found.push_back({path, static_cast<std::uint64_t>(status.st_size)});
      },
      too_deep);
  std::sort(found.begin(), found.end(), [](const Found& a, const Found& b) { return a.path < b.path; });
  if (too_deep > 0) {
    result.warnings.push_back(std::to_string(too_deep) + " directories were left out: they lie more than " +
                              std::to_string(maximum_depth) + " levels deep");
  }

  ArtifactBudget budget(limits);
  std::uint64_t unreadable = 0;
  for (const auto& file : found) {
    if (!budget.admits(file.size)) continue;
    if (UniqueFd opened = open_found(root_, file.path)) {
      DeadFile dead(file.path, file.size, std::move(opened));
      take(dead);
      budget.take(file.size);
    } else {
      ++unreadable;
    }
  }
  if (unreadable > 0)
    result.warnings.push_back(std::to_string(unreadable) + " artifacts could not be read: " + errno_text(errno));
  budget.note(result);
}

}  // namespace pysandbox::container
