// What lies where in the data directory.
#pragma once

#include <string>

namespace pysandbox::server {

class DataDir {
 public:
  // Makes it if it is missing, with mode 0700. Throws Error{unavailable}.
  explicit DataDir(std::string path);

  std::string keys() const { return path_ + "/keys"; }
  std::string jobs() const { return path_ + "/jobs.sqlite"; }
  std::string files() const { return path_ + "/files"; }
  std::string spool() const { return path_ + "/spool"; }
  std::string environments() const { return path_ + "/environments"; }

 private:
  std::string path_;
};

}  // namespace pysandbox::server
