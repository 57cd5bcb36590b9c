#include "job_commands.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <fmt/format.h>

#include <algorithm>

#include "interruptible.hpp"
#include "job_log.hpp"
#include "job_watch.hpp"
#include "report.hpp"
#include "result_report.hpp"
#include "server_api.hpp"
#include "stop_signals.hpp"
#include "wire/json_document.hpp"
#include "wire/json_field.hpp"

namespace pysandbox::cli {
namespace {

using namespace std::chrono_literals;
namespace json = boost::json;

constexpr std::uint64_t most_on_a_page = 200;

// A member as a word for people; null and what is absent as "-".
std::string word(const JsonField& object, const char* key) {
  const auto field = object.find_set(key);
  return field ? printable(field->text()) : "-";
}

std::string describe(const json::value& answer) {
  const JsonField job(answer, "");
  std::string text;
  for (const char* key : {"job_id", "status", "outcome", "created_at", "started_at", "completed_at"}) {
    if (job.find_set(key)) text += fmt::format("{:<13} {}\n", key, word(job, key));
  }
  if (const auto attempt = job.find_set("attempt")) {
    text += fmt::format("{:<13} {}\n", "attempt", attempt->whole_number<std::uint32_t>());
  }
  if (const auto queue = job.find_set("queue")) {
    text += fmt::format("{:<13} {} before it\n", "queue", queue->at("position").whole_number<std::uint64_t>());
  }
  const auto cancelling = job.find_set("cancel_requested");
  if (cancelling && cancelling->flag() && !job.find_set("outcome")) text += "it is being cancelled\n";
  return text;
}

// Page by page until there are enough or no more.
json::object collect(ServerApi& api, const ListCommand& command) {
  json::array jobs;
  json::value cursor;
  do {
    std::string query = fmt::format("limit={}", std::min(command.limit - jobs.size(), most_on_a_page));
    if (!command.status.empty()) query += "&status=" + command.status;
    if (!cursor.is_null()) query += "&cursor=" + escaped(JsonField(cursor, "next_cursor").text());
    const auto page = api.list(query);
    const JsonField root(page, "");
    const auto on_page = root.at("jobs").elements().size();
    const json::array& members = page.as_object().at("jobs").as_array();
    jobs.insert(jobs.end(), members.begin(), members.end());
    cursor = root.find_set("next_cursor") && on_page > 0 ? page.as_object().at("next_cursor") : json::value();
  } while (!cursor.is_null() && jobs.size() < command.limit);
  return {{"jobs", std::move(jobs)}, {"next_cursor", cursor}};
}

}  // namespace

int status(const StatusCommand& command) {
  ServerApi api(command.server);
  const auto answer = api.status(command.job);
  print_out(command.json ? write_json(answer, JsonStyle::indented) + "\n" : describe(answer));
  return 0;
}

int results(const ResultsCommand& command) {
  StopSignals signals;
  ServerApi api(command.server);
  api.heed(signals.token());
  return interruptible(api, [&] {
    return report_result(api, command.job, {command.out, command.json, command.quiet, AlreadyShown::nothing});
  });
}

// The log of a job that runs has no end: what is there comes first and at once, so a moment without anything means that
// it is through, and so does an event that was not there when we asked.
int logs(const LogsCommand& command) {
  constexpr std::chrono::milliseconds silence_is_the_end = 1s;
  ServerApi api(command.server);
  api.status(command.job);  // a job that is not there is said at once
  JobLog log(api, command.job);
  while (!log.ended()) {
    const auto event = log.next(command.follow ? 60s : silence_is_the_end);
    if (!command.follow && (!event || log.is_live(*event))) break;
    if (event && !show_output(*event)) break;
  }
  return 0;
}

int cancel(const CancelCommand& command) {
  ServerApi api(command.server);
  const auto answer = api.cancel(command.job);
  print_out(command.json ? write_json(answer, JsonStyle::indented) + "\n" : command.job + " is being cancelled\n");
  return 0;
}

int list(const ListCommand& command) {
  ServerApi api(command.server);
  const json::value answer = collect(api, command);
  if (command.json) {
    print_out(write_json(answer, JsonStyle::indented) + "\n");
    return 0;
  }
  std::string text;
  for (const JsonField& job : JsonField(answer, "").at("jobs").elements()) {
    text += fmt::format("{:<36}  {:<9}  {:<15}  {}\n", word(job, "job_id"), word(job, "status"), word(job, "outcome"),
                        word(job, "created_at"));
  }
  print_out(text);
  return 0;
}

}  // namespace pysandbox::cli
