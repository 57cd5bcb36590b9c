// Where a server is, out of what the user typed.
#pragma once

#include <string>

namespace pysandbox::cli {

struct ServerAddress {
  std::string url;         // without a slash at its end
  bool encrypted = false;  // https
  bool loopback = false;   // this machine, by its name
};

// Throws Error{invalid_request} for anything but http or https with a host and perhaps a port and a path. User info is
// refused: it would be shown in messages.
ServerAddress parse_server_address(const std::string& text);

// Throws Error{invalid_request} for a key that cannot stand in a header. The message does not show it.
void check_key(const std::string& key);

}  // namespace pysandbox::cli
