// The host's end of a container's files: placing inputs before the program starts, reading what it left
// after everything in the container is dead. All by one descriptor; a name never becomes a path of the host.
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>

#include <pysandbox/container_runner.hpp>

#include "container/package_aids.hpp"
#include "support/unique_fd.hpp"
#include "value/glob.hpp"

namespace pysandbox::container {

// What inputs need beyond the program's own quota.
struct InputNeed {
  std::uint64_t bytes = 0;
  std::uint64_t inodes = 0;

  friend InputNeed operator+(const InputNeed& left, const InputNeed& right) {
    return {left.bytes + right.bytes, left.inodes + right.inodes};
  }
};

class Workspace {
 public:
  // `root` is the directory that the init handed over; it must outlive this. Files
  // are made as `uid` and `gid` on the host, the guest's own.
  Workspace(int root, uid_t uid, gid_t gid) : root_(root), uid_(uid), gid_(gid) {}

  // Throws as Container::run() does; Error{unavailable} for an input whose bytes are fewer or more than it says.
  void place(const Program& program);
  void place(const PackageAids& aids);

  // The bytes that the interpreter left in its report file.
  std::string read_report() const;

  // Every new or changed regular file that the program's outputs name, in order of path; see Container::collect().
  void collect(const Limits& limits, RunResult& result, const std::function<void(OutputFile&)>& take) const;

  struct Fill {
    std::uint64_t used_bytes;
    std::uint64_t used_inodes;
  };
  Fill fill() const;

 private:
  struct Mark {  // how an input looked when it was placed
    ino_t inode;
    std::int64_t size;
    std::int64_t modified_seconds;
    std::int64_t modified_nanoseconds;
    std::int64_t changed_seconds;  // of the inode: nobody can set that back
    std::int64_t changed_nanoseconds;
    auto operator<=>(const Mark&) const = default;
  };

  void place_input(const ProgramInput& input);
  UniqueFd make_file(const std::string& path) const;
  void place_aid(const PackageAids::File& aid) const;
  void show_in_data(const std::string& path) const;
  void remember(const std::string& path, int file);
  static Mark mark_of(const struct stat& status);
  bool is_unchanged_input(const std::string& path, const struct stat& status) const;

  int root_;
  uid_t uid_;
  gid_t gid_;
  std::map<std::string, Mark> placed_;
  Globs outputs_;
};

// Throws Error{not_found} or Error{invalid_request} for a source that cannot be read any more.
InputNeed measure_inputs(const Program& program);
InputNeed measure_aids(const PackageAids& aids);

}  // namespace pysandbox::container
