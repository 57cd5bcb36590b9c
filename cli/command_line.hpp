// What the user typed, as structs. The only file behind it knows CLI11.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include <pysandbox/container_runner.hpp>
#include <pysandbox/job.hpp>

namespace pysandbox::cli {

struct RunCommand {
  JobRequest request;  // code and inputs are filled in by the command itself
  NativeRunnerOptions runner;
  std::string script;  // a path, "-" for standard input, or empty with `code`
  std::string code;    // -c
  bool code_given = false;
  std::vector<std::string> data;
  std::string out;         // empty: artifacts are listed, not kept
  std::string stdin_from;  // a path, "-", or empty
  bool json = false;
  bool quiet = false;
};

struct DoctorCommand {
  NativeRunnerOptions runner;
  bool json = false;
};

struct CompletionCommand {
  std::string shell;
};

// Help or version, or why the command line makes no sense.
struct Message {
  std::string text;
  int exit_code;
};

using Command = std::variant<RunCommand, DoctorCommand, CompletionCommand, Message>;

Command parse_command_line(int argc, const char* const* argv);

}  // namespace pysandbox::cli
