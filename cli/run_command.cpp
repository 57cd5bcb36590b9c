#include "run_command.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <utility>

#include <pysandbox/error.hpp>
#include <pysandbox/json.hpp>
#include <pysandbox/sandbox.hpp>

#include "environments.hpp"
#include "exit_code.hpp"
#include "progress_line.hpp"
#include "report.hpp"
#include "request_input.hpp"
#include "script_needs.hpp"
#include "stop_signals.hpp"

namespace pysandbox::cli {
namespace {

JobRequest request_of(const RunCommand& command) {
  JobRequest request = complete_request(command.words);
  for (const auto& path : command.words.data) {
    InputFile input{.path = input_name(path)};
    input.source = path;
    request.inputs.push_back(std::move(input));
  }
  return request;
}

// Passes the program's output on as it comes. When nobody reads it any more the program is stopped.
OutputSink forward_output(ProgressLine& progress, StopSignals& signals) {
  return [&](Stream stream, std::string_view text) {
    progress.clear();
    if (!write_all(stream == Stream::stdout_stream ? STDOUT_FILENO : STDERR_FILENO, text)) signals.stop();
  };
}

}  // namespace

int run(const RunCommand& command) {
  JobRequest request = request_of(command);
  StopSignals signals;
  ProgressLine progress(command.quiet || command.json ? Show::never : Show::on_terminal);
  SandboxParts parts{.runner = make_runner(command.runner)};
  if (!command.ignore_script_metadata) take_script_needs(request, *parts.runner);
  if (!command.out.empty()) parts.files = open_export_directory(command.out);
  if (!request.packages.empty() || !request.environment.empty()) {
    parts.environments = open_environments(command.environments, *parts.runner, [&] { progress.say("running"); });
  }
  Sandbox sandbox(std::move(parts));
  const OutputSink sink = command.json ? OutputSink() : forward_output(progress, signals);
  const EnvironmentProgress tell = [&](std::string_view sentence) { progress.say(printable(sentence)); };
  const RunResult result = sandbox.run(request, {.on_output = sink, .on_progress = tell, .stop = signals.token()});
  progress.clear();
  if (command.json) {
    print_out(to_json(result, JsonStyle::indented) + "\n");
  } else {
    explain(result);
    if (!command.quiet && !command.out.empty()) {
      for (const auto& artifact : result.artifacts) tell_written(command.out, artifact.path, artifact.size);
    }
  }
  return exit_code_of(result);
}

}  // namespace pysandbox::cli
