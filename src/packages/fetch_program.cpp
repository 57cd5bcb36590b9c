#include "packages/fetch_program.hpp"

#include <fmt/format.h>
#include <boost/json/array.hpp>

#include <algorithm>

#include <pysandbox/error.hpp>

#include "packages/resolution_files.hpp"
#include "value/text.hpp"
#include "wire/json_document.hpp"

extern "C" {
extern const char pysandbox_fetch_program[];
}

namespace pysandbox::packages {
namespace {

namespace json = boost::json;

constexpr int attempts = 3;
constexpr int at_once = 4;
constexpr std::chrono::seconds silence{20};  // of a server, after which a try is given up

void add_settings(json::object& plan, const FetchTask& task) {
  json::object credentials;
  for (const auto& one : task.settings.credentials) credentials[one.origin] = one.user_info;
  json::array trusted;
  for (const auto& host : task.settings.trusted_hosts) trusted.emplace_back(host);
  plan["credentials"] = std::move(credentials);
  plan["trusted_hosts"] = std::move(trusted);
  plan["ca_file"] = task.settings.ca_file;
  plan["local_files"] = task.settings.local_files;
  plan["most_bytes"] = task.most_bytes;
  plan["timeout"] = std::min(silence, task.timeout).count();
  plan["attempts"] = attempts;
  plan["at_once"] = at_once;
  plan["user_agent"] = "pysandbox/" PYSANDBOX_VERSION;
}

}  // namespace

HostProgramEnd run_fetch_program(json::object plan, const FetchTask& task, ProcessLauncher& launcher,
                                 const OnFetchEvent& on_event, const std::stop_token& stop) {
  const std::string source = task.directory + "/fetch.py", path = task.directory + "/plan.json";
  add_settings(plan, task);
  write_file(source, pysandbox_fetch_program);
  write_file(path, write_json(plan, JsonStyle::compact));
  const HostProgram program{.path = task.python,
                            .arguments = {"-I", "-S", "-B", source, path},
                            .environment = task.settings.environment,
                            .directory = task.directory,
                            .timeout = task.timeout};
  return launcher.run(
      program,
      [&](std::string_view line) {
        if (line.starts_with('{')) on_event(parse_json(line).as_object());  // else a warning of the interpreter's
      },
      stop);
}

Error unfinished_fetch(const HostProgramEnd& end) {
  switch (end.kind) {
    case HostProgramEnd::Kind::stopped:
      return {ErrorCode::conflict, "Fetching packages was stopped"};
    case HostProgramEnd::Kind::timed_out:
      return {ErrorCode::unavailable, "The packages could not be fetched in time; try again, or raise build_timeout"};
    default:
      return {ErrorCode::unavailable, "Fetching packages ended early: " + quoted(without_credentials(end.output)) +
                                          "; see that this host has a Python 3 with its standard library"};
  }
}

Error failed_fetch(const json::object& event, const std::string& thing) {
  const std::string why = without_credentials(event.at("why").as_string());
  const bool passing = event.at("passing").as_bool();
  return {passing ? ErrorCode::unavailable : ErrorCode::environment_failed,
          fmt::format("{} cannot be fetched: {}; {}", thing, quoted(why),
                      passing ? "try again later" : "see what the index says of it")};
}

}  // namespace pysandbox::packages
