// What the user typed, as structs. Only the files behind it (command_line.cpp, *_flags.cpp) know CLI11.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <pysandbox/container_runner.hpp>
#include <pysandbox/environment_store.hpp>
#include <pysandbox/job.hpp>

#include "runners/choice.hpp"

namespace pysandbox::cli {

// What is to be run, in the same words for here and for a server.
struct RequestWords {
  JobRequest request;                     // complete_request() fills in what has to be read
  std::vector<std::string> limits_given;  // names of the limits that the user set
  std::string script;                     // a path, "-" for standard input, or empty with `code`
  std::string code;                       // -c
  bool code_given = false;
  std::vector<std::string> data;
  std::string stdin_from;  // a path, "-", or empty
};

// Where packages are kept and where they come from.
struct EnvironmentWords {
  std::string directory;  // empty: default_environment_store()
  EnvironmentStoreOptions options;
};

struct RunCommand {
  RequestWords words;
  RunnerChoice runner;
  EnvironmentWords environments;
  bool ignore_script_metadata = false;
  std::string out;  // empty: artifacts are listed, not kept
  bool json = false;
  bool quiet = false;
};

struct DoctorCommand {
  RunnerChoice runner;
  bool json = false;
};

struct CompletionCommand {
  std::string shell;
};

// The server that the client's commands talk to.
struct ServerWords {
  std::string url = "http://127.0.0.1:3004";
  std::string key{};  // empty: none
};

struct SubmitCommand {
  ServerWords server;
  RequestWords words;
  Submission submission;
  bool wait = false;
  std::optional<std::chrono::milliseconds> patience;  // how long to wait; empty: until the job has ended
  std::string out;
  bool json = false;
  bool quiet = false;
};

struct StatusCommand {
  ServerWords server;
  std::string job;
  bool json = false;
};

struct ResultsCommand {
  ServerWords server;
  std::string job;
  std::string out;
  bool json = false;
  bool quiet = false;
};

struct LogsCommand {
  ServerWords server;
  std::string job;
  bool follow = false;
};

struct CancelCommand {
  ServerWords server;
  std::string job;
  bool json = false;
};

struct FilesCommand {
  ServerWords server;
  std::string job;
  std::string out;
  bool json = false;
};

struct UploadCommand {
  ServerWords server;
  std::vector<std::string> files;
  bool json = false;
};

struct ListCommand {
  ServerWords server;
  std::string status;  // empty: all
  std::uint64_t limit = 50;
  bool json = false;
};

struct EnvCommand {
  enum class Verb { list, build, show, prune };

  Verb verb = Verb::list;
  std::string store;  // empty: default_environment_store()
  EnvironmentStoreOptions options;
  RunnerChoice runner;
  std::vector<std::string> words;  // of build: packages or a set; of show: a digest or a name
  std::string budget;              // "20G"; empty: the store's own
  bool json = false;
  bool quiet = false;
};

// Help or version, or why the command line makes no sense.
struct Message {
  std::string text;
  int exit_code;
};

using Command = std::variant<RunCommand, DoctorCommand, CompletionCommand, SubmitCommand, StatusCommand, ResultsCommand,
                             LogsCommand, CancelCommand, FilesCommand, UploadCommand, ListCommand, EnvCommand, Message>;

Command parse_command_line(int argc, const char* const* argv);

}  // namespace pysandbox::cli
