// The words after `pysandbox env`.
#pragma once

#include <functional>
#include <optional>

#include "command_line.hpp"

namespace CLI {
class App;
}

namespace pysandbox::cli {

class EnvFlags {
 public:
  EnvFlags(CLI::App& app, const std::function<void(CLI::App&, RunnerChoice&)>& add_runner_options);

  // After parsing: empty if it was another command.
  std::optional<Command> command();

 private:
  CLI::App* add_verb(const char* name, const char* what);
  void add_index_options(CLI::App& app);

  EnvCommand env_;
  std::vector<std::pair<CLI::App*, EnvCommand::Verb>> verbs_;
  CLI::App* env_app_;
  bool refresh_ = false;
};

}  // namespace pysandbox::cli
