#include "env_command.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <cstdio>
#include <cstdlib>

#include <pysandbox/environment_store.hpp>
#include <pysandbox/error.hpp>

#include "progress_line.hpp"
#include "stop_signals.hpp"

namespace pysandbox::cli {
namespace {

namespace json = boost::json;
using Time = std::chrono::system_clock::time_point;

constexpr std::size_t shown_digits = 12;  // of a digest: enough to tell those of one store apart

std::string size_text(std::uint64_t bytes) {
  if (bytes < 1'000'000) return fmt::format("{} kB", (bytes + 999) / 1000);
  if (bytes < 1'000'000'000) return fmt::format("{:.1f} MB", static_cast<double>(bytes) / 1e6);
  return fmt::format("{:.2f} GB", static_cast<double>(bytes) / 1e9);
}

std::string time_text(Time time) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::chrono::system_clock::to_time_t(time)));
}

std::vector<std::string> package_words(const Environment& environment) {
  std::vector<std::string> words;
  for (const auto& package : environment.info.packages) words.push_back(package.name + " " + package.version);
  return words;
}

json::object to_json(const Environment& environment) {
  json::array packages;
  for (const auto& package : environment.info.packages) {
    packages.push_back(json::object{{"name", package.name}, {"version", package.version}});
  }
  return {{"digest", environment.info.digest},
          {"name", environment.name},
          {"python", environment.info.python},
          {"packages", std::move(packages)},
          {"size_bytes", environment.size_bytes},
          {"created_at", time_text(environment.created_at)},
          {"last_used_at", time_text(environment.last_used_at)},
          {"directory", environment.directory}};
}

// One line: digest, size, last use, and what is in it.
void print_line(const Environment& environment) {
  const std::string packages = fmt::format("{}", fmt::join(package_words(environment), ", "));
  fmt::print("{}  {:>9}  {}  {}\n", environment.info.digest.substr(0, shown_digits), size_text(environment.size_bytes),
             time_text(environment.last_used_at),
             environment.name.empty() ? packages : environment.name + ": " + packages);
}

void print_all(const Environment& environment) {
  fmt::print("digest     {}\n", environment.info.digest);
  if (!environment.name.empty()) fmt::print("name       {}\n", environment.name);
  fmt::print("python     {}\nsize       {}\nmade       {}\nlast used  {}\ndirectory  {}\npackages\n",
             environment.info.python, size_text(environment.size_bytes), time_text(environment.created_at),
             time_text(environment.last_used_at), environment.directory);
  for (const auto& words : package_words(environment)) fmt::print("  {}\n", words);
}

void print_json(const json::value& value) { fmt::print("{}\n", json::serialize(value)); }

std::uint64_t bytes_of(const std::string& text) {
  Limits reader;  // bytes are written as in every limit
  set_limit(reader, "artifact_bytes", std::string_view(text));
  return reader.artifact_bytes;
}

// A word that names a set is its name; the others are requirements.
EnvironmentRequest request_of(const EnvCommand& command, EnvironmentStore& store) {
  EnvironmentRequest request;
  for (const auto& word : command.words) {
    bool is_name = request.name.empty();
    try {
      check_environment_request({.name = word});
      // A digest has the look of a package's name too.
      is_name = is_name && (word.find_first_not_of("0123456789abcdef") != std::string::npos || store.find(word));
    } catch (const Error&) {
      is_name = false;
    }
    if (is_name) {
      request.name = word;
    } else {
      request.packages.push_back(word);
    }
  }
  return request;
}

int build(const EnvCommand& command, EnvironmentStore& store) {
  StopSignals signals;
  const bool silent = command.quiet || command.json;
  ProgressLine line(silent ? Show::never : Show::on_terminal, "making an environment");
  const auto progress = [&](std::string_view sentence) {
    if (silent) return;
    if (line.visible()) {
      line.say(std::string(sentence));
    } else {
      fmt::print(stderr, "pysandbox: {}\n", sentence);
    }
  };
  const auto environment = store.prepare(request_of(command, store), progress, signals.token());
  line.clear();
  if (command.json) {
    print_json(to_json(*environment));
  } else {
    print_line(*environment);
  }
  return 0;
}

int list(const EnvCommand& command, EnvironmentStore& store) {
  const auto all = store.list();
  if (!command.json) {
    for (const auto& environment : all) print_line(environment);
    return 0;
  }
  json::array array;
  for (const auto& environment : all) array.push_back(to_json(environment));
  print_json(array);
  return 0;
}

int show(const EnvCommand& command, EnvironmentStore& store) {
  const auto found = store.find(command.words.front());
  if (!found) {
    throw Error(ErrorCode::not_found,
                fmt::format("there is no environment \"{}\", or more than one whose digest begins so; "
                            "see pysandbox env list",
                            command.words.front()));
  }
  if (command.json) {
    print_json(to_json(*found));
  } else {
    print_all(*found);
  }
  return 0;
}

int prune(const EnvCommand& command, EnvironmentStore& store) {
  const std::uint64_t freed =
      store.prune(command.budget.empty() ? command.options.budget_bytes : bytes_of(command.budget));
  if (command.json) {
    print_json(json::object{{"freed_bytes", freed}});
  } else {
    fmt::print("{} are free now that were not\n", size_text(freed));
  }
  return 0;
}

}  // namespace

std::string default_environment_store() {
  const char* data = std::getenv("XDG_DATA_HOME");
  if (data != nullptr && *data == '/') return std::string(data) + "/pysandbox/environments";
  const char* home = std::getenv("HOME");
  if (home != nullptr && *home == '/') return std::string(home) + "/.local/share/pysandbox/environments";
  throw Error(ErrorCode::invalid_request,
              "you have no home directory to keep environments in; name a folder by --store");
}

int manage_environments(const EnvCommand& command) {
  const auto runner = make_runner(command.runner);
  EnvironmentStoreOptions options = command.options;
  if (!command.budget.empty()) options.budget_bytes = bytes_of(command.budget);
  const auto store =
      open_environment_store(command.store.empty() ? default_environment_store() : command.store, *runner, options);
  switch (command.verb) {
    case EnvCommand::Verb::list:
      return list(command, *store);
    case EnvCommand::Verb::build:
      return build(command, *store);
    case EnvCommand::Verb::show:
      return show(command, *store);
    case EnvCommand::Verb::prune:
      break;
  }
  return prune(command, *store);
}

}  // namespace pysandbox::cli
