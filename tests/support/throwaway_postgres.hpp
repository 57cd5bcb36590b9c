// A PostgreSQL server that lives as long as this object: in a temporary directory, behind a unix socket, for tests.
//
// It runs as the user postgres (or nobody) if the tests run as root, whom PostgreSQL refuses. It ends with
// this process, whatever happens to it.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "temporary_directory.hpp"

namespace pysandbox::testing {

class ThrowawayPostgres {
 public:
  ThrowawayPostgres();
  ~ThrowawayPostgres();
  ThrowawayPostgres(const ThrowawayPostgres&) = delete;
  ThrowawayPostgres& operator=(const ThrowawayPostgres&) = delete;

  // Why there can be none here; empty if there can.
  static std::string missing();

  // The URL of a new empty database.
  std::string new_database();

  // Runs SQL in a database and gives the rows as psql prints them: values between '|', rows in lines.
  std::string sql(const std::string& url, const std::string& statements) const;

  void start();  // nothing if it runs
  void stop();  // at once; connections are cut

  // The user "guarded" needs the password "pass word".
  std::string url_of_guarded(const std::string& url, const std::string& password) const;

 private:
  void run(const std::vector<std::string>& command) const;

  TemporaryDirectory directory_;
  std::string data_ = directory_ / "data";
  pid_t server_ = -1;
  int databases_ = 0;
};

}  // namespace pysandbox::testing
