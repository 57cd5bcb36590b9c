#include "command_line.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <optional>
#include <sstream>
#include <string_view>

#include "client_flags.hpp"
#include "env_flags.hpp"
#include "exit_code.hpp"
#include "request_flags.hpp"

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
    "  pysandbox run plot.py --package pandas,matplotlib --out results/\n"
    "  generate-code | pysandbox run - --json\n"
    "  pysandbox run job.py --limit processes=8 --limit workspace_bytes=64M -- --fast input.txt";

void add_runner_options(CLI::App& app, RunnerChoice& runner) {
  app.add_option("--runner", runner.runner, "What isolates programs: native, oci (an OCI runtime) or docker")
      ->capture_default_str()
      ->check(CLI::IsMember({"native", "oci", "docker"}));
  app.add_option("--runtime", runner.runtime, "The runtime of --runner oci: runc (default), crun, runsc, or a path")
      ->type_name("NAME|PATH");
  app.add_option("--image", runner.image, "The image of --runner docker")->type_name("IMAGE");
  app.add_option("--engine", runner.engine, "The Docker engine of --runner docker; default: unix:///run/docker.sock")
      ->type_name("ADDRESS");
  app.add_option("--python", runner.native.python, "The interpreter, as a path inside of the sandbox")
      ->capture_default_str()
      ->type_name("PATH");
  app.add_option("--rootfs", runner.native.rootfs, "A root file system to use in place of the host's /usr")
      ->type_name("DIR");
  app.add_option("--cgroup-parent", runner.native.cgroup_parent,
                 "The cgroup below which jobs get theirs; \"none\": use rlimits and a watchdog instead")
      ->type_name("PATH");
}

void add_environment_options(CLI::App& app, EnvironmentWords& environments) {
  EnvironmentStoreOptions& options = environments.options;
  app.add_option("--environment-store", environments.directory,
                 "Where packages are kept; default as pysandbox env --store")
      ->type_name("DIR");
  app.add_option("--index-url", options.index_urls,
                 "Where packages come from, in place of what uv or pip are set to; may be repeated, the first is the "
                 "main one")
      ->type_name("URL")
      ->allow_extra_args(false);
  app.add_option("--find-links", options.find_links, "A folder or page with wheels; may be repeated")
      ->type_name("PLACE")
      ->allow_extra_args(false);
  app.add_flag("--no-index", options.no_index, "Take packages from --find-links only");
  app.add_flag("--allow-source-builds", options.allow_source_builds,
               "Build packages that have no wheel from source, in a sandbox without network");
}

void add_run_options(CLI::App& app, RunCommand& run) {
  app.footer(run_footer);
  app.add_option("-o,--out", run.out, "Where to put the files that the program writes")->type_name("DIR");
  app.add_flag("--json", run.json, "Print the whole result as one JSON object");
  app.add_flag("-q,--quiet", run.quiet, "No progress line and no list of files");
  app.add_flag("--no-script-metadata", run.ignore_script_metadata,
               "Pass over the block \"# /// script\" in which a program names its packages (PEP 723)");
  add_environment_options(app, run.environments);
  add_runner_options(app, run.runner);
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
  app.footer(
      "See `pysandbox run --help` for how to run a program, `pysandbox doctor` for what this host can enforce,\n"
      "`pysandbox submit --help` for how to have a server run it.");

  RunCommand run;
  DoctorCommand doctor;
  CompletionCommand completion;
  auto* run_app = app.add_subcommand("run", "Run a program here and now, without a server");
  RequestFlags run_flags(*run_app, run.words);
  add_run_options(*run_app, run);
  auto* doctor_app = app.add_subcommand(
      "doctor", "Say what this host can enforce, what is missing and how to fix it, and try real attacks");
  doctor_app->add_flag("--json", doctor.json, "Print the findings as JSON");
  add_runner_options(*doctor_app, doctor.runner);
  // The start of a run counts in microseconds; these are most of all flags.
  std::optional<ClientFlags> client;
  std::optional<EnvFlags> env;
  if (argc < 2 || std::string_view(argv[1]) != "run") {
    client.emplace(app);
    env.emplace(app, add_runner_options);
  }
  auto* completion_app = app.add_subcommand("completion", "Print a completion script for a shell");
  completion_app->add_option("shell", completion.shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (argc > 1 && *argv[1] != '-' && app.get_subcommands().empty()) {
      return Message{fmt::format("pysandbox: there is no command \"{}\"; see pysandbox --help\n", argv[1]),
                     exit_code_own_failure};
    }
    return to_message(app, error);
  }
  if (run_app->parsed()) {
    run_flags.finish();
    run.environments.options.python = run.runner.native.python;
    run.environments.options.rootfs = run.runner.native.rootfs;
    return run;
  }
  if (doctor_app->parsed()) return doctor;
  if (client) {
    if (auto command = client->command()) return *std::move(command);
    if (auto command = env->command()) return *std::move(command);
  }
  return completion;
}

}  // namespace pysandbox::cli
