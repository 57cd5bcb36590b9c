// The commands that talk to a server, and their flags.
#pragma once

#include <memory>
#include <optional>

#include "command_line.hpp"

namespace CLI {
class App;
}

namespace pysandbox::cli {

class ClientFlags {
 public:
  explicit ClientFlags(CLI::App& app);
  ~ClientFlags();

  // Call after parsing: the command that was given, nothing if it was none of these. Throws Error for what makes no
  // sense.
  std::optional<Command> command();

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace pysandbox::cli
