// What the operator wants, out of flags, variables and the configuration file: the first that names a setting wins, in
// this order.
#pragma once

#include <string>
#include <variant>

#include "settings/settings.hpp"

namespace pysandbox::server {

struct ServeCommand {
  Settings settings;
};

struct CreateKeyCommand {
  std::string data_dir;
  std::string name;
  KeyLimits limits;
};

struct ListKeysCommand {
  std::string data_dir;
};

struct RevokeKeyCommand {
  std::string data_dir;
  std::string name_or_id;
};

// Help, version or the settings, or why what was given makes no sense.
struct Message {
  std::string text;
  int exit_code = 0;
};

inline constexpr int exit_code_nonsense = 2;

using Command = std::variant<ServeCommand, CreateKeyCommand, ListKeysCommand, RevokeKeyCommand, Message>;

// Reads the environment and the file that --config names. Throws nothing but std::bad_alloc: what makes no sense is a
// Message.
Command parse_command_line(int argc, const char* const* argv);

// `settings` as a configuration file, with secrets masked.
std::string to_config(const Settings& settings);

}  // namespace pysandbox::server
