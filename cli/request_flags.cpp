#include "request_flags.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <utility>

#include <pysandbox/error.hpp>

#include "requirement_words.hpp"

namespace pysandbox::cli {
namespace {

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

}  // namespace

RequestFlags::RequestFlags(CLI::App& app, RequestWords& words) : app_(app), words_(words) {
  app.add_option("script", words.script, "The program: a file, or - for standard input")->type_name("SCRIPT");
  app.add_option("-c,--code", words.code, "The program as text, in place of a file")->type_name("CODE");
  app.add_option("arguments", trailing_, "Arguments for the program, best after --");
  app.add_option("--arg", words.request.args, "An argument for the program; may be repeated")
      ->type_name("ARG")
      ->allow_extra_args(false);
  app.add_option("-d,--data", words.data, "Input files; the program finds them beside itself and in /data")
      ->type_name("FILE")
      ->expected(1, 100);
  app.add_option(
         "--output", words.request.outputs,
         "Which of the files it writes to keep: a pattern such as '*.csv' or 'plots/**'; may be repeated; default all")
      ->type_name("GLOB")
      ->allow_extra_args(false);
  app.add_option("-e,--env", env_, "A variable for the program; without =VALUE, yours is passed on")
      ->type_name("KEY[=VALUE]")
      ->allow_extra_args(false);
  app.add_option("-p,--package", packages_,
                 "A package that it can import, such as 'pandas' or 'numpy>=2'; several with commas; may be repeated")
      ->type_name("NAME")
      ->allow_extra_args(false);
  app.add_option("--environment", words.request.environment,
                 "Packages that were made ready before: a name such as data-science, or a digest")
      ->type_name("NAME");
  app.add_option("--stdin", words.stdin_from, "What the program reads from standard input: a file, or - for yours")
      ->type_name("FILE|-");
  app.add_option("-t,--timeout", timeout_, "Wall-clock limit (the limit time_limit), default 30")->type_name("SECONDS");
  app.add_option("-m,--memory", memory_, "Memory limit in MiB (the limit memory_bytes), default 512")->type_name("MIB");
  app.add_option("--cpus", cpus_, "Processors it may use (the limit cpus), default 1")->type_name("N");
  app.add_option("-l,--limit", limits_, limits_help())->type_name("NAME=VALUE")->allow_extra_args(false);
  app.add_option(
         "--min-isolation", minimum_isolation_,
         "Refuse to run with less: rlimits, cgroup, full (cgroup and a user id of its own), or vm_like (full, and a "
         "kernel of its own)")
      ->capture_default_str()
      ->check(CLI::IsMember({"rlimits", "cgroup", "full", "vm_like"}));
  app.add_option("--isolation", isolation_,
                 "fresh: a new interpreter, even where one is parked; any: whichever is there")
      ->capture_default_str()
      ->check(CLI::IsMember({"any", "fresh"}));
}

void RequestFlags::put_first(const std::string& word) {
  if (!words_.script.empty()) trailing_.insert(trailing_.begin(), words_.script);
  words_.script = word;
}

void RequestFlags::set_limits() {
  const auto set = [&](const std::string& name, const std::string& value) {
    set_limit(words_.request.limits, name, std::string_view(value));
    words_.limits_given.push_back(name);
  };
  for (const auto& text : limits_) {
    const auto [name, value] = split_pair(text, "--limit");
    set(name, value);
  }
  if (!timeout_.empty()) set("time_limit", timeout_);
  if (!memory_.empty()) {
    // MiB by the flag's contract; with a suffix it says its unit itself.
    const bool has_unit = std::string("kKmMgG").find(memory_.back()) != std::string::npos;
    set("memory_bytes", has_unit ? memory_ : memory_ + "M");
  }
  if (!cpus_.empty()) set("cpus", cpus_);
}

void RequestFlags::finish() {
  words_.code_given = app_.count("--code") > 0;
  if (words_.code_given && !words_.script.empty()) {  // the first word after -c CODE is an argument, as with python3
    trailing_.insert(trailing_.begin(), std::exchange(words_.script, {}));
  }
  JobRequest& request = words_.request;
  request.args.insert(request.args.end(), trailing_.begin(), trailing_.end());
  for (const auto& text : env_) add_variable(request, text);
  for (const auto& text : packages_) {
    for (auto& requirement : split_requirements(text)) request.packages.push_back(std::move(requirement));
  }
  set_limits();
  request.start = isolation_ == "fresh" ? StartMode::fresh : StartMode::any;
  request.minimum_isolation = minimum_isolation_ == "vm_like"  ? MinimumIsolation::vm_like
                              : minimum_isolation_ == "full"   ? MinimumIsolation::full
                              : minimum_isolation_ == "cgroup" ? MinimumIsolation::cgroup
                                                               : MinimumIsolation::rlimits;
  if (words_.script.empty() && !words_.code_given) {
    throw Error(ErrorCode::invalid_request,
                "no program given: name a script before --data, use - for standard input, or -c CODE");
  }
}

}  // namespace pysandbox::cli
