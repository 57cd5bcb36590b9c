#include "command_line.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <sstream>

#include <pysandbox/error.hpp>

#include "settings/config_file.hpp"
#include "settings/setting_sources.hpp"
#include "settings/setting_table.hpp"

namespace pysandbox::server {
namespace {

constexpr const char* description =
    "Serves pysandbox over HTTP: runs Python that somebody else wrote, isolated from this machine.\n"
    "Without any argument it serves http://127.0.0.1:3004 to programs of this machine.";

constexpr const char* footer =
    "Every setting is a flag, a variable (--data-dir: PYSANDBOX_DATA_DIR; lists with commas) and a line of the file\n"
    "that --config names (data-dir = \"...\"); the first of them that says something counts, in this order.\n"
    "DATABASE_URL is taken for --database-url too.\n\n"
    "SIGTERM and SIGINT end it in order: see --drain-time. Exit codes: 0 ended in order; 1 something failed;\n"
    "2 what was asked for makes no sense.";

// What CLI11 fills in, by the setting's name.
struct Raw {
  std::map<std::string, std::vector<std::string>, std::less<>> words;
  std::map<std::string, std::optional<bool>, std::less<>> flags;
  std::string config;
  bool print_config = false;
};

void add_settings(CLI::App& app, Raw& raw) {
  const Settings defaults;
  for (const Setting& setting : setting_table()) {
    const std::string name(setting.name);
    const std::string flag = "--" + name;
    std::string help(setting.help);
    if (setting.kind == Setting::Kind::flag) {
      app.add_flag_callback(
          flag, [&given = raw.flags[name]] { given = true; }, help);
      continue;
    }
    if (const auto shown = setting.show(defaults); !shown.empty()) help += fmt::format(" [{}]", shown.front());
    auto* option = app.add_option(flag, raw.words[name], help)->type_name(std::string(setting.value));
    option->allow_extra_args(false);
    if (setting.kind == Setting::Kind::list) continue;
    option->multi_option_policy(CLI::MultiOptionPolicy::TakeLast)->expected(1);
  }
  app.add_option("--config", raw.config, "A file with settings; see docs/server.md")->type_name("FILE");
  app.add_flag("--print-config", raw.print_config, "Print the settings that are in effect as such a file, and end");
}

Source flag_source(const Raw& raw) {
  Source source;
  for (const auto& [name, words] : raw.words) {
    if (!words.empty()) source[name] = {words, "--" + name};
  }
  for (const auto& [name, given] : raw.flags) {
    if (given) source[name] = {{*given ? "true" : "false"}, "--" + name};
  }
  return source;
}

Settings settings_from(const Raw& raw) {
  std::vector<Source> sources{flag_source(raw), environment_source()};
  const char* variable = std::getenv("PYSANDBOX_CONFIG");
  const std::string config = !raw.config.empty() ? raw.config : variable != nullptr ? variable : "";
  if (!config.empty()) sources.push_back(file_source(config));
  return settle(sources);
}

Message nonsense(std::string_view sentence) {
  return {fmt::format("pysandbox-server: {}\n", sentence), exit_code_nonsense};
}

Message to_message(CLI::App& app, const CLI::ParseError& error) {
  std::ostringstream out;
  std::ostringstream complaint;
  if (app.exit(error, out, complaint) == 0) return {out.str(), 0};
  return nonsense(fmt::format("{}; see pysandbox-server --help", error.what()));
}

}  // namespace

Command parse_command_line(int argc, const char* const* argv) {
  CLI::App app{description, "pysandbox-server"};
  app.set_version_flag("--version", std::string("pysandbox-server ") + version());
  app.get_formatter()->column_width(34);
  app.footer(footer);
  Raw raw;
  add_settings(app, raw);

  CreateKeyCommand create;
  RevokeKeyCommand revoke;
  std::uint64_t rate = 0;
  std::uint64_t max_jobs = 0;
  auto* key =
      app.add_subcommand("key", "Make, list and revoke the keys of callers")->require_subcommand(1)->fallthrough();
  auto* create_app =
      key->add_subcommand("create", "Make a key and print it: this once, it is kept nowhere")->fallthrough();
  create_app->add_option("--name", create.name, "Whose key it is, for people")->required()->type_name("NAME");
  create_app->add_option("--rate", rate, "Requests a minute")->type_name("N")->check(CLI::Range(1, 10'000'000));
  create_app->add_option("--max-jobs", max_jobs, "Jobs queued or running at one time")
      ->type_name("N")
      ->check(CLI::Range(1, 100'000'000));
  auto* list_app = key->add_subcommand("list", "List the keys")->fallthrough();
  auto* revoke_app = key->add_subcommand("revoke", "From now on the key opens nothing")->fallthrough();
  revoke_app->add_option("key", revoke.name_or_id, "Its name or id")->required()->type_name("NAME_OR_ID");

  try {
    app.parse(argc, argv);
    const Settings settings = settings_from(raw);
    if (raw.print_config) return Message{to_config(settings)};
    if (create_app->parsed()) {
      create.data_dir = settings.data_dir;
      create.limits = key_limits_of(settings);
      if (rate > 0) create.limits.requests_per_minute = static_cast<std::uint32_t>(rate);
      if (max_jobs > 0) create.limits.max_active_jobs = max_jobs;
      return create;
    }
    if (list_app->parsed()) return ListKeysCommand{settings.data_dir};
    if (revoke_app->parsed()) {
      revoke.data_dir = settings.data_dir;
      return revoke;
    }
    return ServeCommand{settings};
  } catch (const CLI::ParseError& error) {
    return to_message(app, error);
  } catch (const Error& error) {
    return nonsense(error.what());
  }
}

std::string to_config(const Settings& settings) {
  std::string text;
  for (const Setting& setting : setting_table()) {
    const auto values = setting.show_masked ? setting.show_masked(settings) : setting.show(settings);
    text += fmt::format("# {}\n", setting.help);
    if (setting.kind == Setting::Kind::list) {
      text += fmt::format("{} = [", setting.name);
      for (std::size_t i = 0; i < values.size(); ++i) text += (i > 0 ? ", " : "") + quote_config_value(values[i]);
      text += "]\n\n";
    } else if (setting.kind == Setting::Kind::flag) {
      text += fmt::format("{} = {}\n\n", setting.name, values.empty() ? "false" : "true");
    } else {
      text += fmt::format("{} = {}\n\n", setting.name, quote_config_value(values.empty() ? "" : values.front()));
    }
  }
  return text;
}

}  // namespace pysandbox::server
