// The configuration file: a plain part of TOML, which INI without sections is too. One setting on a line.
//
//   # a comment
//   listen = "127.0.0.1:3004"     text in quotes, or one word without
//   workers = 4
//   insecure-no-key = true
//   allow-host = ["a.example.org", "b.example.org"]
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pysandbox::server {

struct ConfigEntry {
  std::string name;
  std::vector<std::string> values;
  int line = 0;

  bool operator==(const ConfigEntry&) const = default;
};

// Throws Error{invalid_request} with the line that makes no sense: a section, a name given twice, text behind a value.
std::vector<ConfigEntry> parse_config(std::string_view text);

// `text` in quotes, as parse_config() reads it.
std::string quote_config_value(std::string_view text);

}  // namespace pysandbox::server
