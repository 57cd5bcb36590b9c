#include "env_flags.hpp"

#include <CLI/CLI.hpp>

namespace pysandbox::cli {
namespace {

constexpr const char* build_footer =
    "Examples:\n"
    "  pysandbox env build data-science\n"
    "  pysandbox env build pandas 'numpy==2.*'\n"
    "  pysandbox env build mypackage --no-index --find-links wheels/";

}  // namespace

EnvFlags::EnvFlags(CLI::App& app, const std::function<void(CLI::App&, RunnerChoice&)>& add_runner_options)
    : env_app_(app.add_subcommand("env", "Sets of packages that programs can use: make, list and remove them")) {
  env_app_->require_subcommand(1);
  verbs_.emplace_back(add_verb("list", "List the environments that are there"), EnvCommand::Verb::list);

  CLI::App* build = add_verb("build", "Make packages, or a set that has a name, ready for programs");
  build->add_option("packages", env_.words, "Requirements such as pandas or 'numpy>=2', or data-science")
      ->required()
      ->type_name("PACKAGE");
  build->footer(build_footer);
  add_index_options(*build);
  add_runner_options(*build, env_.runner);
  build->add_flag("-q,--quiet", env_.quiet, "No progress");
  build->add_option("--budget", env_.budget, "Bytes that all environments together may have afterwards, such as 20G")
      ->type_name("BYTES");
  verbs_.emplace_back(build, EnvCommand::Verb::build);

  CLI::App* show = add_verb("show", "Show one environment with its packages");
  show->add_option("environment", env_.words, "The beginning of its digest, or its name")
      ->required()
      ->expected(1)
      ->type_name("DIGEST|NAME");
  verbs_.emplace_back(show, EnvCommand::Verb::show);

  CLI::App* prune = add_verb("prune", "Remove environments that nobody uses, the longest unused first");
  prune->add_option("--budget", env_.budget, "Bytes that those together may have that stay, such as 20G; 0: none stays")
      ->type_name("BYTES");
  verbs_.emplace_back(prune, EnvCommand::Verb::prune);
}

CLI::App* EnvFlags::add_verb(const char* name, const char* what) {
  CLI::App* verb = env_app_->add_subcommand(name, what);
  verb->add_option("--store", env_.store, "Where environments are kept; default ~/.local/share/pysandbox/environments")
      ->type_name("DIR");
  verb->add_flag("--json", env_.json, "Print as JSON");
  return verb;
}

void EnvFlags::add_index_options(CLI::App& app) {
  EnvironmentStoreOptions& options = env_.options;
  app.add_option("--index-url", options.index_urls,
                 "A package index in place of the installer's own; may be repeated, the first is the main one")
      ->type_name("URL")
      ->allow_extra_args(false);
  app.add_option("--find-links", options.find_links, "A folder or page with wheels; may be repeated")
      ->type_name("DIR|URL")
      ->allow_extra_args(false);
  app.add_flag("--no-index", options.no_index, "Ask no index: --find-links only");
  app.add_flag("--require-hashes", options.require_hashes, "Refuse what the index gives no hash for");
  app.add_flag("--allow-source-builds", options.allow_source_builds,
               "Build packages that have no wheel from source, in a sandbox without network");
  app.add_option("--installer", options.installer, "uv or pip; default: uv if it is found, else pip of --python")
      ->type_name("PATH");
  app.add_flag("--refresh", refresh_, "Ask the index again for versions, also for a set that is there");
}

std::optional<Command> EnvFlags::command() {
  if (!env_app_->parsed()) return std::nullopt;
  for (const auto& [app, verb] : verbs_) {
    if (app->parsed()) env_.verb = verb;
  }
  if (refresh_) env_.options.resolution_age = std::chrono::seconds(0);
  env_.options.python = env_.runner.native.python;
  env_.options.rootfs = env_.runner.native.rootfs;
  return env_;
}

}  // namespace pysandbox::cli
