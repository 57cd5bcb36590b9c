// The flags that say what is to be run: the same for `run` and for `submit`.
#pragma once

#include <string>
#include <vector>

#include "command_line.hpp"

namespace CLI {
class App;
}

namespace pysandbox::cli {

class RequestFlags {
 public:
  // Both must outlive the parsing.
  RequestFlags(CLI::App& app, RequestWords& words);

  RequestFlags(const RequestFlags&) = delete;
  RequestFlags& operator=(const RequestFlags&) = delete;

  // The word that a flag with an optional value took, though it was the first word of the command line proper.
  void put_first(const std::string& word);

  // Call after parsing: turns texts into values. Throws Error for what makes no sense.
  void finish();

 private:
  void set_limits();

  CLI::App& app_;
  RequestWords& words_;
  std::vector<std::string> env_;
  std::vector<std::string> packages_;
  std::vector<std::string> limits_;
  std::string timeout_;
  std::string memory_;
  std::string cpus_;
  std::string minimum_isolation_ = "rlimits";
  std::string isolation_ = "any";
  std::vector<std::string> trailing_;
};

}  // namespace pysandbox::cli
