// The program pysandbox: parse, do, answer.
#include <fmt/format.h>

#include <csignal>
#include <cstdio>
#include <exception>

#include <pysandbox/error.hpp>

#include "command_line.hpp"
#include "completion.hpp"
#include "doctor_command.hpp"
#include "env_command.hpp"
#include "exit_code.hpp"
#include "file_commands.hpp"
#include "job_commands.hpp"
#include "run_command.hpp"
#include "submit_command.hpp"

namespace {

using namespace pysandbox::cli;

int show(const Message& message) {
  std::fputs(message.text.c_str(), message.exit_code == 0 ? stdout : stderr);
  return message.exit_code;
}

struct Perform {
  int operator()(const RunCommand& command) const { return run(command); }
  int operator()(const DoctorCommand& command) const { return examine(command); }
  int operator()(const CompletionCommand& command) const { return show({completion_script(command.shell), 0}); }
  int operator()(const SubmitCommand& command) const { return submit(command); }
  int operator()(const StatusCommand& command) const { return status(command); }
  int operator()(const ResultsCommand& command) const { return results(command); }
  int operator()(const LogsCommand& command) const { return logs(command); }
  int operator()(const CancelCommand& command) const { return cancel(command); }
  int operator()(const FilesCommand& command) const { return files(command); }
  int operator()(const UploadCommand& command) const { return upload(command); }
  int operator()(const ListCommand& command) const { return list(command); }
  int operator()(const EnvCommand& command) const { return manage_environments(command); }
  int operator()(const Message& message) const { return show(message); }
};

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // a reader that leaves ends the run in order, not us in the middle
  try {
    return std::visit(Perform{}, parse_command_line(argc, argv));
  } catch (const std::exception& error) {
    fmt::print(stderr, "pysandbox: {}\n", error.what());
    return exit_code_own_failure;
  }
}
