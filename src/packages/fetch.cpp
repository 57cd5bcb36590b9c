#include "packages/fetch.hpp"

#include <fmt/format.h>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <algorithm>
#include <map>

#include <pysandbox/error.hpp>

#include "packages/resolution_files.hpp"
#include "support/in_quotes.hpp"
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

enum class Mode { fetch, only_hashes };

json::object plan_of(const std::vector<LockedWheel*>& wheels, const FetchTask& task, Mode mode) {
  json::array list;
  for (std::size_t i = 0; i < wheels.size(); ++i) {
    list.push_back(json::object{{"index", i},
                                {"name", wheels[i]->name},
                                {"size", wheels[i]->size},
                                {"url", wheels[i]->url},
                                {"path", task.directory + "/" + wheels[i]->file},
                                {"sha256", wheels[i]->sha256}});
  }
  json::object credentials;
  for (const auto& one : task.settings.credentials) credentials[one.origin] = one.user_info;
  json::array trusted;
  for (const auto& host : task.settings.trusted_hosts) trusted.emplace_back(host);
  json::array indexes;
  for (const auto& index : task.settings.indexes) indexes.emplace_back(without_credentials_in(index));
  return {{"wheels", std::move(list)},
          {"indexes", std::move(indexes)},
          {"only_hashes", mode == Mode::only_hashes},
          {"credentials", std::move(credentials)},
          {"trusted_hosts", std::move(trusted)},
          {"ca_file", task.settings.ca_file},
          {"local_files", task.settings.local_files},
          {"most_bytes", task.most_bytes},
          {"timeout", std::min(silence, task.timeout).count()},
          {"attempts", attempts},
          {"at_once", at_once},
          {"user_agent", "pysandbox/" PYSANDBOX_VERSION}};
}

// "16.9 MB": as download pages say it.
std::string size_text(std::uint64_t bytes) {
  return bytes < 100'000 ? fmt::format("{} kB", (bytes + 999) / 1000)
                         : fmt::format("{:.1f} MB", static_cast<double>(bytes) / 1e6);
}

class Listener {
 public:
  Listener(std::vector<LockedWheel*>& wheels, const EnvironmentProgress& progress)
      : wheels_(wheels), done_(wheels.size(), false), progress_(progress) {}

  void hear(std::string_view line) {
    if (!line.starts_with('{')) return;  // a warning of the interpreter's
    const json::object event = parse_json(line).as_object();
    const std::string_view kind = event.at("event").as_string();
    const auto index = event.at("index").to_number<std::size_t>();
    LockedWheel& wheel = *wheels_.at(index);
    if (kind == "begin") {
      if (progress_)
        progress_("fetching " + wheel.title() + (wheel.size > 0 ? " (" + size_text(wheel.size) + ")" : ""));
    } else if (kind == "done") {
      const std::string_view sha256 = event.at("sha256").as_string();
      if (wheel.sha256.empty()) wheel.sha256 = sha256;
      wheel.size = event.at("size").to_number<std::uint64_t>();
      done_.at(index) = wheel.sha256 == sha256;
    } else if (!failure_) {
      const std::string why = without_credentials(event.at("why").as_string());
      const bool passing = event.at("passing").as_bool();
      failure_.emplace(passing ? ErrorCode::unavailable : ErrorCode::environment_failed,
                       fmt::format("The wheel of {} cannot be fetched: {}; {}", in_quotes(wheel.title()), quoted(why),
                                   passing ? "try again later" : "see what the index says of it"));
    }
  }

  const std::optional<Error>& failure() const { return failure_; }
  bool all_done() const {
    return std::ranges::all_of(done_, [](bool done) { return done; });
  }

 private:
  std::vector<LockedWheel*>& wheels_;
  std::vector<bool> done_;
  const EnvironmentProgress& progress_;
  std::optional<Error> failure_{};
};

Error unfinished(const HostProgramEnd& end) {
  switch (end.kind) {
    case HostProgramEnd::Kind::stopped:
      return {ErrorCode::conflict, "Fetching wheels was stopped"};
    case HostProgramEnd::Kind::timed_out:
      return {ErrorCode::unavailable, "The wheels could not be fetched in time; try again, or raise build_timeout"};
    default:
      return {ErrorCode::unavailable, "Fetching wheels ended early: " + quoted(without_credentials(end.output)) +
                                          "; see that this host has a Python 3 with its standard library"};
  }
}

void run_program(std::vector<LockedWheel*> wheels, const FetchTask& task, Mode mode, ProcessLauncher& launcher,
                 const EnvironmentProgress& progress, const std::stop_token& stop) {
  if (wheels.empty()) return;
  const std::string source = task.directory + "/fetch.py", plan = task.directory + "/plan.json";
  write_file(source, pysandbox_fetch_program);
  write_file(plan, write_json(plan_of(wheels, task, mode), JsonStyle::compact));
  const HostProgram program{.path = task.python,
                            .arguments = {"-I", "-S", "-B", source, plan},
                            .environment = task.settings.environment,
                            .directory = task.directory,
                            .timeout = task.timeout};
  Listener listener(wheels, progress);
  const HostProgramEnd end = launcher.run(
      program, [&](std::string_view line) { listener.hear(line); }, stop);
  if (end.kind == HostProgramEnd::Kind::stopped) throw unfinished(end);
  if (listener.failure()) throw *listener.failure();
  if (!listener.all_done()) throw unfinished(end);
}

}  // namespace

void fetch_wheels(const std::vector<LockedWheel*>& wheels, const FetchTask& task, ProcessLauncher& launcher,
                  const EnvironmentProgress& progress, const std::stop_token& stop) {
  run_program(wheels, task, Mode::fetch, launcher, progress, stop);
}

void check_hashes_are_told(const std::vector<LockedWheel*>& wheels, const FetchTask& task, ProcessLauncher& launcher,
                           const std::stop_token& stop) {
  if (task.settings.indexes.empty()) {
    throw Error(ErrorCode::environment_failed,
                "Hashes are required, and no index is named that could tell them; name one by index_urls");
  }
  run_program(wheels, task, Mode::only_hashes, launcher, {}, stop);
}

}  // namespace pysandbox::packages
