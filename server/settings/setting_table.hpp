// Every setting, once: its name, what it means, how its text becomes a value and a value its text. Flags, variables and
// the configuration file are all made from this table.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "settings/settings.hpp"

namespace pysandbox::server {

struct Setting {
  enum class Kind {
    one,   // the last word of the strongest source counts
    list,  // may be repeated; the strongest source that names it counts, alone
    flag,  // is given, or not
  };

  std::string_view name;   // "data-dir": --data-dir, PYSANDBOX_DATA_DIR, data-dir = "..."
  std::string_view value;  // "PATH"; empty for a flag
  std::string_view help;
  Kind kind = Kind::one;

  // Throws Error{invalid_request} with what is wrong: "takes a number from 1 to 9, not "x"". The caller puts the name
  // before it.
  std::function<void(Settings&, const std::string&)> set;

  // As set() takes it; several for a list, none for what is empty or a flag that is not given.
  std::function<std::vector<std::string>(const Settings&)> show;

  // As show(), without what only the operator may know; set() refuses it, so that a copy cannot be mistaken.
  std::function<std::vector<std::string>(const Settings&)> show_masked{};
};

std::span<const Setting> setting_table();

// "PYSANDBOX_DATA_DIR".
std::string variable_of(const Setting& setting);

}  // namespace pysandbox::server
