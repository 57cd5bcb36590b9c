// Where a PostgreSQL database is, and what of that may be shown.
#pragma once

#include <string>
#include <vector>

namespace pysandbox {

class PostgresUrl {
 public:
  // A URL, or libpq's keywords. Throws Error{invalid_request} for what libpq would read in another way than it was
  // meant, for example a password with an '@' in it: libpq's own messages would show parts of it.
  explicit PostgresUrl(const std::string& url);

  // For libpq, with timeouts where `url` has none: nothing may wait for ever.
  const std::string& connection_string() const noexcept { return connection_string_; }

  // For messages.
  const std::string& shown() const noexcept { return shown_; }
  std::string without_secrets(std::string text) const;

 private:
  void read_url(const std::string& url);
  void read_keywords(const std::string& text);

  std::string connection_string_;
  std::string shown_;
  std::vector<std::string> secrets_;
};

}  // namespace pysandbox
