#include "packages/fetch.hpp"

#include <fmt/format.h>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <algorithm>

#include <pysandbox/error.hpp>

#include "process/find_program.hpp"
#include "packages/resolution_files.hpp"
#include "support/in_quotes.hpp"

namespace pysandbox::packages {
namespace {

namespace json = boost::json;

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
  json::array indexes;
  for (const auto& index : task.settings.indexes) indexes.emplace_back(without_credentials_in(index));
  return {{"wheels", std::move(list)}, {"indexes", std::move(indexes)}, {"only_hashes", mode == Mode::only_hashes}};
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

  void hear(const json::object& event) {
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
      const std::string kind_of_file = wheel.file.ends_with(".whl") ? "The wheel of " : "The source of ";
      failure_.emplace(failed_fetch(event, kind_of_file + in_quotes(wheel.title())));
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

void run_program(std::vector<LockedWheel*> wheels, const FetchTask& task, Mode mode, ProcessLauncher& launcher,
                 const EnvironmentProgress& progress, const std::stop_token& stop) {
  if (wheels.empty()) return;
  Listener listener(wheels, progress);
  const HostProgramEnd end = run_fetch_program(
      plan_of(wheels, task, mode), task, launcher, [&](const json::object& event) { listener.hear(event); }, stop);
  if (end.kind == HostProgramEnd::Kind::stopped) throw unfinished_fetch(end);
  if (listener.failure()) throw *listener.failure();
  if (!listener.all_done()) throw unfinished_fetch(end);
}

}  // namespace

FetchTask make_fetch_task(const EnvironmentStoreOptions& options, Installer& installer, const std::string& directory) {
  const std::string python = is_program(options.python) ? options.python : find_program("python3");
  if (python.empty()) {
    throw Error(ErrorCode::unavailable, "Packages cannot be fetched: this host has no python3; install it");
  }
  return {.settings = installer.fetch_settings(directory),
          .python = python,
          .directory = directory,
          .timeout = options.build_timeout,
          .most_bytes = options.max_environment_bytes};
}

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
