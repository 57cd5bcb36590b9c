#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <system_error>

#include <pysandbox/error.hpp>

#include "packages/complaint.hpp"
#include "process/find_program.hpp"
#include "packages/index_settings.hpp"
#include "packages/installer.hpp"
#include "packages/pylock.hpp"
#include "packages/resolution_files.hpp"
#include "packages/uv_credentials.hpp"
#include "packages/wheel_name.hpp"
#include "support/in_quotes.hpp"
#include "support/syscall.hpp"
#include "value/requirement.hpp"
#include "value/text.hpp"

namespace pysandbox::packages {
namespace {

constexpr std::size_t most_lock_bytes = 16U << 20;
constexpr std::size_t most_configuration_bytes = 1U << 20;
constexpr int newest_manylinux = 40;  // uv knows the platforms up to manylinux_2_40

bool exists(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

// The one file that uv is to read, so that it does not look for a project around the directory it runs in.
std::string configuration_file(const Variables& environment) {
  const auto value = [&](const char* name) {
    const auto found = environment.find(name);
    return found == environment.end() ? std::string() : found->second;
  };
  if (const std::string named = value("UV_CONFIG_FILE"); !named.empty()) return named;
  const std::string own = value("XDG_CONFIG_HOME") + "/uv/uv.toml", for_all = "/etc/uv/uv.toml";
  return exists(own) ? own : exists(for_all) ? for_all : "";
}

bool has_index_variable(const Variables& environment) {
  return std::ranges::any_of(environment, [](const auto& variable) {
    return (variable.first.starts_with("UV_INDEX") || variable.first == "UV_DEFAULT_INDEX" ||
            variable.first == "UV_EXTRA_INDEX_URL" || variable.first == "UV_FIND_LINKS") &&
           variable.first != "UV_INDEX_STRATEGY";
  });
}

bool is_local(const std::string& place) { return place.starts_with("file:") || place.find("://") == std::string::npos; }

std::string platform_of(const Interpreter& interpreter) {
  if (interpreter.libc != "glibc") return interpreter.machine + "-unknown-linux-musl";
  const auto dot = interpreter.libc_version.find('.');
  const int minor = std::atoi(interpreter.libc_version.c_str() + dot + 1);
  return interpreter.machine + "-manylinux_2_" + std::to_string(std::min(minor, newest_manylinux));
}

class UvInstaller final : public Installer {
 public:
  UvInstaller(const std::string& program, const EnvironmentStoreOptions& options, ProcessLauncher& launcher)
      : program_(program), options_(options), launcher_(launcher) {}

  Resolution resolve(const ResolveTask& task, const std::stop_token& stop) override {
    const Setting setting = find_setting(task.directory);
    const std::string lock = task.directory + "/pylock.toml";
    HostProgram program{
        .path = program_,
        .arguments = {"pip", "compile", write_requirements(task), "--format", "pylock.toml", "-o", lock,
                      "--only-binary", ":all:", "--python-version", task.interpreter.version, "--python-platform",
                      platform_of(task.interpreter), "--no-python-downloads", "--no-header", "--no-annotate", "--quiet",
                      "--cache-dir", task.cache_directory + "/uv"},
        .environment = setting.environment,
        .directory = task.directory,
        .timeout = options_.resolve_timeout};
    auto& words = program.arguments;
    words.insert(words.end(), setting.words.begin(), setting.words.end());
    for (const auto& folder : task.built_here) words.insert(words.end(), {"--find-links", folder});
    if (is_program(options_.python)) words.insert(words.end(), {"--python", options_.python});
    const HostProgramEnd end = launcher_.run(program, {}, stop);
    if (end.kind != HostProgramEnd::Kind::exited || end.status != 0) {
      return explain_failure(end, task.requirements, task.interpreter);
    }
    std::vector<LockedWheel> wheels;
    for (const auto& package : parse_pylock(read_small_file(lock, most_lock_bytes))) {
      wheels.push_back(choose(package, task.interpreter));
    }
    std::ranges::sort(wheels, {}, &LockedWheel::name);
    return wheels;
  }

  FetchSettings fetch_settings(const std::string& directory) override {
    const Setting setting = find_setting(directory);
    FetchSettings settings;
    settings.environment = setting.environment;
    settings.credentials = find_credentials(setting.text);
    for (auto& one : credentials_of_named_indexes(setting.environment, setting.text)) {
      settings.credentials.push_back(std::move(one));
    }
    settings.indexes = setting.indexes.all_indexes();
    settings.trusted_hosts = setting.indexes.trusted_hosts;
    settings.ca_file = setting.indexes.ca_file;
    settings.local_files = setting.local;
    return settings;
  }

  // What a configuration and its own defaults come to, uv alone knows: it tells it when nothing is to be resolved.
  IndexPlaces places(const std::string& directory) override {
    const Setting setting = find_setting(directory);
    const std::string nothing = directory + "/nothing.in", answer = directory + "/places.txt";
    write_file(nothing, "");
    HostProgram program{.path = program_,
                        .arguments = {"pip", "compile", nothing, "-o", answer, "--emit-index-url", "--emit-find-links",
                                      "--no-header", "--quiet", "--no-cache", "--no-python-downloads"},
                        .environment = setting.environment,
                        .directory = directory,
                        .timeout = options_.resolve_timeout};
    program.arguments.insert(program.arguments.end(), setting.words.begin(), setting.words.end());
    if (is_program(options_.python)) program.arguments.insert(program.arguments.end(), {"--python", options_.python});
    const HostProgramEnd end = launcher_.run(program, {}, {});
    if (end.kind != HostProgramEnd::Kind::exited || end.status != 0) {
      throw Error(ErrorCode::unavailable,
                  "uv does not say where it looks for packages: " + pysandbox::quoted(without_credentials(end.output)) +
                      "; use a newer uv, or pip");
    }
    return parse_places(read_small_file(answer, most_configuration_bytes));
  }

 private:
  struct Setting {
    Variables environment{};
    std::vector<std::string> words{};
    IndexSettings indexes{};
    std::string text{};  // everything that may hold an address of an index
    bool local = false;
  };

  // The operator's choice, else uv's own configuration, else what is configured for pip.
  Setting find_setting(const std::string& directory) {
    Setting setting;
    setting.environment = installer_environment(directory);
    const std::string file = configuration_file(setting.environment);
    const bool configured = !file.empty() || has_index_variable(setting.environment);
    if (!configured || names_an_index(options_)) {
      IndexSettings pip;
      if (!names_an_index(options_)) pip = ask_pip(setting.environment, directory);
      setting.indexes = with_options(pip, options_);
      setting.environment = without_index(setting.environment);
      setting.words = {"--no-config"};
      hand_over(setting);
      return setting;
    }
    if (file.empty()) {
      setting.words = {"--no-config"};
    } else {
      setting.words = {"--config-file", file};
      setting.text = read_small_file(file, most_configuration_bytes);
    }
    for (const auto& [name, value] : setting.environment) {
      if (name.starts_with("UV_")) setting.text += "\n" + value;
    }
    setting.local = true;  // what a configuration says of folders, uv alone understands
    return setting;
  }

  IndexSettings ask_pip(const Variables& environment, const std::string& directory) {
    const std::string python = is_program(options_.python) ? options_.python : find_program("python3");
    if (python.empty()) return {};
    return ask_pip_configuration({python, {"-m", "pip"}}, environment, directory, launcher_);
  }

  // Addresses may hold passwords, and the words of a command can be read by everybody: so they are variables.
  static void hand_over(Setting& setting) {
    const IndexSettings& from = setting.indexes;
    std::vector<std::string> indexes = from.more_indexes;
    if (!from.main_index.empty()) {  // uv asks the one that it calls the default last
      indexes.insert(indexes.begin(), from.main_index);
      setting.environment["UV_DEFAULT_INDEX"] = indexes.back();
      indexes.pop_back();
    }
    std::string first;
    for (const auto& index : indexes) first += (first.empty() ? "" : " ") + index;
    if (!first.empty()) setting.environment["UV_INDEX"] = first;
    std::string links;
    for (const auto& place : from.find_links) {
      if (is_local(place)) {
        setting.words.insert(setting.words.end(), {"--find-links", place});
      } else {
        links += (links.empty() ? "" : ",") + place;
      }
    }
    if (!links.empty()) setting.environment["UV_FIND_LINKS"] = links;
    if (from.no_index) setting.words.push_back("--no-index");
    for (const auto& host : from.trusted_hosts) {
      setting.words.insert(setting.words.end(), {"--allow-insecure-host", host});
    }
    if (!from.ca_file.empty()) setting.environment.try_emplace("SSL_CERT_FILE", from.ca_file);
    if (!from.proxy.empty()) {
      setting.environment.try_emplace("HTTPS_PROXY", from.proxy);
      setting.environment.try_emplace("HTTP_PROXY", from.proxy);
    }
    setting.text = from.main_index + "\n" + first + "\n" + links;
    for (const auto& index : from.more_indexes) setting.text += "\n" + index;
    setting.local = is_local(from.main_index) || std::ranges::any_of(from.find_links, is_local) ||
                    std::ranges::any_of(from.more_indexes, is_local);
  }

  // The one that it calls the default comes last.
  static IndexPlaces parse_places(const std::string& text) {
    IndexPlaces places;
    std::string last;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
      const std::string value = line.substr(std::min(line.find(' ') + 1, line.size()));
      if (line.starts_with("--index-url ")) last = value;
      if (line.starts_with("--extra-index-url ")) places.indexes.push_back(value);
      if (line.starts_with("--find-links ")) places.find_links.push_back(value);
    }
    if (!last.empty()) places.indexes.push_back(last);
    return places;
  }

  LockedWheel choose(const PylockPackage& package, const Interpreter& interpreter) const {
    std::optional<LockedWheel> best;
    std::optional<int> best_fit;
    for (const auto& wheel : package.wheels) {
      const std::string place = wheel.url.empty() ? "file://" + wheel.path : wheel.url;
      const std::string file = file_of_url(place);
      const auto name = parse_wheel_name(file);
      const auto fit = name ? wheel_fit(*name, interpreter) : std::nullopt;
      if (!fit || (best_fit && *best_fit >= *fit)) continue;
      best_fit = fit;
      best = LockedWheel{normalized_package_name(package.name), package.version, file, wheel.sha256,
                         without_credentials_in(place),         wheel.size};
    }
    if (!best) {
      throw Error(ErrorCode::environment_failed, "There is no wheel of " +
                                                     in_quotes(package.name + " " + package.version) + " for " +
                                                     interpreter.title() + "; ask for another version of it");
    }
    return *best;
  }

  std::string program_;
  const EnvironmentStoreOptions& options_;
  ProcessLauncher& launcher_;
};

}  // namespace

std::unique_ptr<Installer> make_uv_installer(const std::string& program, const EnvironmentStoreOptions& options,
                                             ProcessLauncher& launcher) {
  return std::make_unique<UvInstaller>(program, options, launcher);
}

}  // namespace pysandbox::packages
