#include "command_line.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <sstream>

#include <pysandbox/error.hpp>

#include "exit_code.hpp"

namespace pysandbox::cli {
namespace {

constexpr const char* description =
    "Runs Python that somebody else wrote, isolated from this machine: no network,\n"
    "no files but those you hand in, bounded time, memory, processes and disk.";

constexpr const char* run_footer =
    "Exit codes: the program's own; 124 time limit; 125 pysandbox could not run it;\n"
    "137 memory limit; 128+N ended by signal N; 130 cancelled.\n\n"
    "Examples:\n"
    "  pysandbox run script.py --data sales.csv --out results/\n"
    "  pysandbox run -c 'print(6 * 7)' --timeout 5 --memory 128\n"
    "  generate-code | pysandbox run - --json\n"
    "  pysandbox run job.py --limit processes=8 --limit workspace_bytes=64M -- --fast input.txt";

std::string limits_help() {
  std::string text = "Set a limit by name; may be repeated. Names, with default and range:";
  const Limits defaults;
  for (const auto& field : limit_fields()) {
    const char* unit = field.unit == LimitField::Unit::seconds ? " s"
                       : field.unit == LimitField::Unit::bytes ? " bytes"
                                                               : "";
    text += fmt::format("\n{} = {}{} ({} to {})", field.name, get_limit(defaults, field.name), unit, field.minimum,
                        field.maximum);
  }
  return text;
}

struct Raw {
  std::vector<std::string> env;
  std::vector<std::string> limits;
  std::string timeout;
  std::string memory;
  std::string cpus;
  std::string minimum_isolation = "rlimits";
  std::vector<std::string> trailing;
};

void add_runner_options(CLI::App& app, NativeRunnerOptions& runner) {
  app.add_option("--python", runner.python, "The interpreter, as a path inside of the sandbox")
      ->capture_default_str()
      ->type_name("PATH");
  app.add_option("--rootfs", runner.rootfs, "A root file system to use in place of the host's /usr")->type_name("DIR");
  app.add_option("--cgroup-parent", runner.cgroup_parent,
                 "The cgroup below which jobs get theirs; \"none\": use rlimits and a watchdog instead")
      ->type_name("PATH");
}

void add_run_options(CLI::App& app, RunCommand& run, Raw& raw) {
  app.footer(run_footer);
  app.add_option("script", run.script, "The program: a file, or - for standard input")->type_name("SCRIPT");
  app.add_option("-c,--code", run.code, "The program as text, in place of a file")->type_name("CODE");
  app.add_option("arguments", raw.trailing, "Arguments for the program, best after --");
  app.add_option("--arg", run.request.args, "An argument for the program; may be repeated")
      ->type_name("ARG")
      ->allow_extra_args(false);
  app.add_option("-d,--data", run.data, "Input files; the program finds them beside itself and in /data")
      ->type_name("FILE")
      ->expected(1, 100);
  app.add_option("-o,--out", run.out, "Where to put the files that the program writes")->type_name("DIR");
  app.add_option("--output", run.request.outputs,
                 "Which of those files to keep: a pattern such as '*.csv' or 'plots/**'; may be repeated; default all")
      ->type_name("GLOB")
      ->allow_extra_args(false);
  app.add_option("-e,--env", raw.env, "A variable for the program; without =VALUE, yours is passed on")
      ->type_name("KEY[=VALUE]")
      ->allow_extra_args(false);
  app.add_option("--stdin", run.stdin_from, "What the program reads from standard input: a file, or - for yours")
      ->type_name("FILE|-");
  app.add_option("-t,--timeout", raw.timeout, "Wall-clock limit (the limit time_limit), default 30")
      ->type_name("SECONDS");
  app.add_option("-m,--memory", raw.memory, "Memory limit in MiB (the limit memory_bytes), default 512")
      ->type_name("MIB");
  app.add_option("--cpus", raw.cpus, "Processors it may use (the limit cpus), default 1")->type_name("N");
  app.add_option("-l,--limit", raw.limits, limits_help())->type_name("NAME=VALUE")->allow_extra_args(false);
  app.add_option("--min-isolation", raw.minimum_isolation,
                 "Refuse to run with less: rlimits, cgroup, or full (cgroup and a user id of its own)")
      ->capture_default_str()
      ->check(CLI::IsMember({"rlimits", "cgroup", "full"}));
  app.add_flag("--json", run.json, "Print the whole result as one JSON object");
  app.add_flag("-q,--quiet", run.quiet, "No progress line and no list of files");
  add_runner_options(app, run.runner);
}

std::pair<std::string, std::string> split_pair(const std::string& text, const char* flag) {
  const auto equals = text.find('=');
  if (equals == std::string::npos || equals == 0) {
    throw Error(ErrorCode::invalid_request, fmt::format("{} takes NAME=VALUE, not \"{}\"", flag, text));
  }
  return {text.substr(0, equals), text.substr(equals + 1)};
}

void add_variable(JobRequest& request, const std::string& text) {
  if (text.find('=') != std::string::npos) {
    request.env.insert_or_assign(split_pair(text, "--env").first, split_pair(text, "--env").second);
  } else if (const char* value = std::getenv(text.c_str()); value != nullptr) {
    request.env.insert_or_assign(text, value);
  } else {
    throw Error(ErrorCode::invalid_request, fmt::format("--env {}: you have no such variable to pass on", text));
  }
}

void set_memory(Limits& limits, const std::string& text) {
  // MiB by the flag's contract; with a suffix it says its unit itself.
  const bool has_unit = !text.empty() && std::string("kKmMgG").find(text.back()) != std::string::npos;
  set_limit(limits, "memory_bytes", std::string_view(has_unit ? text : text + "M"));
}

void finish_run(RunCommand& run, const Raw& raw) {
  JobRequest& request = run.request;
  request.args.insert(request.args.end(), raw.trailing.begin(), raw.trailing.end());
  for (const auto& text : raw.env) add_variable(request, text);
  for (const auto& text : raw.limits) {
    const auto [name, value] = split_pair(text, "--limit");
    set_limit(request.limits, name, std::string_view(value));
  }
  if (!raw.timeout.empty()) set_limit(request.limits, "time_limit", std::string_view(raw.timeout));
  if (!raw.memory.empty()) set_memory(request.limits, raw.memory);
  if (!raw.cpus.empty()) set_limit(request.limits, "cpus", std::string_view(raw.cpus));
  request.minimum_isolation = raw.minimum_isolation == "full"     ? MinimumIsolation::full
                              : raw.minimum_isolation == "cgroup" ? MinimumIsolation::cgroup
                                                                  : MinimumIsolation::rlimits;
  if (run.script.empty() && !run.code_given) {
    throw Error(ErrorCode::invalid_request,
                "no program given: name a script before --data, use - for standard input, or -c CODE");
  }
}

Message to_message(CLI::App& app, const CLI::ParseError& error) {
  std::ostringstream out;
  std::ostringstream complaint;
  const int code = app.exit(error, out, complaint);
  if (code == 0) return {out.str(), 0};
  return {fmt::format("pysandbox: {}; see pysandbox --help\n", error.what()), exit_code_own_failure};
}

}  // namespace

Command parse_command_line(int argc, const char* const* argv) {
  CLI::App app{description, "pysandbox"};
  app.set_version_flag("--version", std::string("pysandbox ") + version());
  app.require_subcommand(1);
  app.get_formatter()->column_width(34);
  app.footer("See `pysandbox run --help` for how to run a program, `pysandbox doctor` for what this host can enforce.");

  Raw raw;
  RunCommand run;
  DoctorCommand doctor;
  CompletionCommand completion;
  auto* run_app = app.add_subcommand("run", "Run a program here and now, without a server");
  add_run_options(*run_app, run, raw);
  auto* doctor_app = app.add_subcommand(
      "doctor", "Say what this host can enforce, what is missing and how to fix it, and try real attacks");
  doctor_app->add_flag("--json", doctor.json, "Print the findings as JSON");
  add_runner_options(*doctor_app, doctor.runner);
  auto* completion_app = app.add_subcommand("completion", "Print a completion script for a shell");
  completion_app->add_option("shell", completion.shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));

  try {
    app.parse(argc, argv);
    if (run_app->parsed()) {
      run.code_given = run_app->count("--code") > 0;
      if (run.code_given && !run.script.empty()) {  // the first word after -c CODE is an argument, as with python3
        raw.trailing.insert(raw.trailing.begin(), run.script);
        run.script.clear();
      }
      finish_run(run, raw);
      return run;
    }
  } catch (const CLI::ParseError& error) {
    if (argc > 1 && *argv[1] != '-' && app.get_subcommands().empty()) {
      return Message{fmt::format("pysandbox: there is no command \"{}\"; see pysandbox --help\n", argv[1]),
                     exit_code_own_failure};
    }
    return to_message(app, error);
  }
  if (doctor_app->parsed()) return doctor;
  return completion;
}

}  // namespace pysandbox::cli
