// What an attack could find on the host if it got out: a file, a secret in the environment, an open
// descriptor, sockets of every kind, a shared memory segment. Everything is gone with the object.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "support/unique_fd.hpp"

namespace pysandbox::testing {

class HostBait {
 public:
  HostBait();
  ~HostBait();
  HostBait(const HostBait&) = delete;
  HostBait& operator=(const HostBait&) = delete;

  // key=value words for attack.host().
  std::vector<std::string> arguments() const;

  // A file of the host that is given as the input input.txt.
  std::string input_file() const { return (directory_ / "input").string(); }

  // A directory to mount as an environment. On the host everybody may write into it.
  std::string environment() const { return environment_.string(); }

  // True if `text` holds one of the secrets.
  bool leaked_into(std::string_view text) const;

  // True if the file, the input and the environment on the host are as they were made.
  bool is_untouched() const;

  // Makes them so again.
  void restore() const;

 private:
  explicit HostBait(std::filesystem::path directory);
  void make_environment() const;
  void open_sockets();
  void share_memory();

  std::filesystem::path directory_;
  std::filesystem::path environment_;  // not below the other, whose secrets its links lead to
  std::string file_secret_;
  std::string environment_secret_;
  std::string abstract_name_;
  std::vector<UniqueFd> descriptors_;
  int port_ = 0;
  int segment_key_ = 0;
  int segment_ = -1;
};

}  // namespace pysandbox::testing
