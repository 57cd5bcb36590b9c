#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <algorithm>
#include <optional>

#include <pysandbox/error.hpp>

#include "packages/complaint.hpp"
#include "packages/index_settings.hpp"
#include "packages/installer.hpp"
#include "packages/resolution_files.hpp"
#include "packages/wheel_name.hpp"
#include "support/in_quotes.hpp"
#include "support/syscall.hpp"
#include "value/requirement.hpp"
#include "wire/json_document.hpp"

namespace pysandbox::packages {
namespace {

namespace json = boost::json;

constexpr std::size_t most_report_bytes = 64U << 20;

std::string text_at(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  if (value == nullptr || !value->is_string()) return {};
  return {value->as_string().data(), value->as_string().size()};
}

// The hash of PEP 610, in both of its spellings.
std::string sha256_of(const json::object& download) {
  const json::value* archive = download.if_contains("archive_info");
  if (archive == nullptr || !archive->is_object()) return {};
  if (const json::value* hashes = archive->as_object().if_contains("hashes");
      hashes != nullptr && hashes->is_object()) {
    if (const std::string hash = text_at(hashes->as_object(), "sha256"); !hash.empty()) return hash;
  }
  const std::string hash = text_at(archive->as_object(), "hash");
  return hash.starts_with("sha256=") ? hash.substr(7) : "";
}

LockedWheel wheel_of(const json::object& item) {
  const json::object& metadata = item.at("metadata").as_object();
  const json::object& download = item.at("download_info").as_object();
  const std::string url = text_at(download, "url");
  return {normalized_package_name(text_at(metadata, "name")), text_at(metadata, "version"), file_of_url(url),
          sha256_of(download), without_credentials_in(url)};
}

bool is_local(const std::string& place) { return place.starts_with("file:") || place.find("://") == std::string::npos; }

class PipInstaller final : public Installer {
 public:
  PipInstaller(const PipCommand& pip, const EnvironmentStoreOptions& options, ProcessLauncher& launcher)
      : pip_(pip), options_(options), launcher_(launcher) {}

  Resolution resolve(const ResolveTask& task, const std::stop_token& stop) override {
    const std::string report = task.directory + "/report.json";
    HostProgram program{.path = pip_.program,
                        .arguments = pip_.first_arguments,
                        .environment = environment_for(task.directory),
                        .directory = task.directory,
                        .timeout = options_.resolve_timeout};
    auto& words = program.arguments;
    words.insert(words.end(), {"install", "--dry-run", "--ignore-installed", "--report", report, "--only-binary",
                               ":all:", "--progress-bar", "off", "--cache-dir", task.cache_directory + "/pip",
                               "--target", task.directory + "/target", "-r", write_requirements(task)});
    for (const auto& word : platform_words(task.interpreter)) words.push_back(word);
    if (options_.no_index) words.push_back("--no-index");
    for (const auto& folder : task.built_here) words.insert(words.end(), {"--find-links", folder});
    const HostProgramEnd end = launcher_.run(program, {}, stop);
    if (end.kind != HostProgramEnd::Kind::exited || end.status != 0) {
      return explain_failure(end, task.requirements, task.interpreter);
    }
    return read_report(report, task.interpreter);
  }

  FetchSettings fetch_settings(const std::string& directory) override {
    const Variables environment = installer_environment(directory);
    const IndexSettings indexes = settings(environment, directory);
    FetchSettings result;
    result.environment = environment;
    if (!indexes.proxy.empty()) {
      result.environment["http_proxy"] = result.environment["https_proxy"] = indexes.proxy;
    }
    std::string text = indexes.main_index;
    result.local_files = is_local(indexes.main_index) && !indexes.main_index.empty();
    for (const auto* places : {&indexes.more_indexes, &indexes.find_links}) {
      for (const auto& place : *places) {
        text += "\n" + place;
        result.local_files = result.local_files || is_local(place);
      }
    }
    result.credentials = find_credentials(text);
    result.indexes = indexes.all_indexes();
    result.trusted_hosts = indexes.trusted_hosts;
    result.ca_file = indexes.ca_file;
    return result;
  }

  IndexPlaces places(const std::string& directory) override {
    const Variables environment = installer_environment(directory);
    const IndexSettings indexes = settings(environment, directory);
    IndexPlaces result{indexes.all_indexes(), indexes.find_links};
    if (indexes.no_index) result.indexes.clear();
    if (indexes.main_index.empty() && !indexes.no_index && !names_an_index(options_)) {
      if (auto index = default_index_of_pip(pip_, directory, launcher_)) {
        result.indexes.insert(result.indexes.begin(), std::move(*index));
      }
    }
    return result;
  }

 private:
  // Asked once: pip takes a second to start.
  IndexSettings settings(const Variables& environment, const std::string& directory) {
    if (!configured_) configured_ = ask_pip_configuration(pip_, environment, directory, launcher_);
    return with_options(*configured_, options_);
  }

  // Where the operator names the index, no configuration adds another one; that of the connection still counts.
  Variables environment_for(const std::string& directory) {
    Variables environment = installer_environment(directory);
    if (!names_an_index(options_)) return environment;
    const IndexSettings from = settings(environment, directory);
    environment = without_index(environment);
    environment["PIP_CONFIG_FILE"] = "/dev/null";  // pip reads no other then
    const auto hand = [&](const char* name, const std::string& value) {
      if (!value.empty()) environment[name] = value;
    };
    hand("PIP_CERT", from.ca_file);
    hand("PIP_CLIENT_CERT", from.client_certificate);
    hand("PIP_PROXY", from.proxy);
    hand("PIP_TRUSTED_HOST", joined(from.trusted_hosts));
    // Addresses may hold passwords, and the words of a command can be read by everybody: so they are variables.
    hand("PIP_INDEX_URL", from.main_index);
    hand("PIP_EXTRA_INDEX_URL", joined(from.more_indexes));
    hand("PIP_FIND_LINKS", joined(from.find_links));
    return environment;
  }

  static std::string joined(const std::vector<std::string>& words) {
    std::string text;
    for (const auto& word : words) text += (text.empty() ? "" : " ") + word;
    return text;
  }

  // pip may run on another interpreter than the one that packages are for.
  static std::vector<std::string> platform_words(const Interpreter& interpreter) {
    std::vector<std::string> words{"--python-version",
                                   interpreter.version,
                                   "--implementation",
                                   "cp",
                                   "--abi",
                                   interpreter.tag(),
                                   "--abi",
                                   "abi3",
                                   "--abi",
                                   "none"};
    const auto add = [&](const std::string& platform) {
      words.insert(words.end(), {"--platform", platform + "_" + interpreter.machine});
    };
    const auto dot = interpreter.libc_version.find('.');
    const std::string major = interpreter.libc_version.substr(0, dot);
    const std::string family = interpreter.libc == "glibc" ? "manylinux_" : "musllinux_";
    for (int minor = std::atoi(interpreter.libc_version.c_str() + dot + 1); minor >= 0; --minor) {
      add(family + major + "_" + std::to_string(minor));
      if (interpreter.libc == "glibc" && minor == 17) add("manylinux2014");
      if (interpreter.libc == "glibc" && minor == 12) add("manylinux2010");
      if (interpreter.libc == "glibc" && minor == 5) add("manylinux1");
    }
    add("linux");
    return words;
  }

  static std::vector<LockedWheel> read_report(const std::string& path, const Interpreter& interpreter) {
    std::vector<LockedWheel> wheels;
    const json::value report = parse_json(read_small_file(path, most_report_bytes));
    for (const auto& item : report.as_object().at("install").as_array()) {
      wheels.push_back(wheel_of(item.as_object()));
      const auto name = parse_wheel_name(wheels.back().file);
      if (!name || !wheel_fit(*name, interpreter)) {
        throw Error(ErrorCode::environment_failed, "There is no wheel of " + in_quotes(wheels.back().title()) +
                                                       " for " + interpreter.title() +
                                                       "; ask for another version of it");
      }
    }
    std::ranges::sort(wheels, {}, &LockedWheel::name);
    return wheels;
  }

  PipCommand pip_;
  const EnvironmentStoreOptions& options_;
  ProcessLauncher& launcher_;
  std::optional<IndexSettings> configured_{};
};

}  // namespace

std::unique_ptr<Installer> make_pip_installer(const PipCommand& pip, const EnvironmentStoreOptions& options,
                                              ProcessLauncher& launcher) {
  return std::make_unique<PipInstaller>(pip, options, launcher);
}

}  // namespace pysandbox::packages
