// Where the values of settings come from.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "settings/settings.hpp"

namespace pysandbox::server {

// The words that one source has for a setting, by the setting's name.
struct GivenWords {
  std::vector<std::string> words;
  std::string where;  // "--listen", "PYSANDBOX_LISTEN", "FILE, line 3: listen": begins the sentence about a word that
                      // makes no sense
};
using Source = std::map<std::string, GivenWords, std::less<>>;

Source environment_source();

// Throws Error{invalid_request} if the file cannot be read, or has a name that no setting has.
Source file_source(const std::string& path);

// The defaults, and over them what the sources say, the strongest first. Throws Error{invalid_request}.
Settings settle(const std::vector<Source>& sources);

}  // namespace pysandbox::server
