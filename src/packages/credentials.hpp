// Names and passwords in addresses of indexes: kept for those who must have them, hidden from all others.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pysandbox::packages {

// Who is asked, and as whom: "https://index.example:8443" and "user:password", as they stand in an address.
struct Credential {
  std::string origin;
  std::string user_info;

  bool operator==(const Credential&) const = default;
};

// Those of every address in a text, be it one address or the whole file of a configuration.
std::vector<Credential> find_credentials(std::string_view text);

// The same text with "***" in place of what stands before the '@' of an address.
std::string without_credentials(std::string_view text);

}  // namespace pysandbox::packages
