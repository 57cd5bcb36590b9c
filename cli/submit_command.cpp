#include "submit_command.hpp"

#include <fmt/format.h>
#include <sys/random.h>

#include <algorithm>
#include <array>

#include <pysandbox/error.hpp>
#include <pysandbox/json.hpp>

#include "interruptible.hpp"
#include "job_watch.hpp"
#include "progress_line.hpp"
#include "report.hpp"
#include "request_input.hpp"
#include "result_report.hpp"
#include "server_api.hpp"
#include "stop_signals.hpp"
#include "submission_body.hpp"
#include "wire/json_document.hpp"
#include "wire/json_field.hpp"

namespace pysandbox::cli {
namespace {

// What the server gets itself: from the net, or from its own uploads.
bool is_url(const std::string& text) {
  return text.starts_with("http://") || text.starts_with("https://") || text.starts_with("/api/files/");
}

// Sends the local files, and leaves the others to the server.
void bring_inputs(ServerApi& api, const SubmitCommand& command, JobRequest& request, ProgressLine& progress) {
  for (const auto& data : command.words.data) {
    InputFile input{.path = is_url(data) ? "" : input_name(data)};
    if (is_url(data)) {
      input.url = data;
    } else {
      const auto answer = api.upload(data, [&](std::uint64_t taken, std::uint64_t size) {
        progress.say("uploading " + printable(input.path), fmt::format("{} %", size == 0 ? 100 : 100 * taken / size));
      });
      input.file_id = JsonField(answer, "").at("file_id").text();
    }
    request.inputs.push_back(std::move(input));
  }
}

// Two inputs of one name would be refused by the server, after they were sent.
void check_inputs(const SubmitCommand& command) {
  std::vector<std::string> names;
  for (const auto& data : command.words.data) {
    if (!is_url(data)) names.push_back(input_name(data));
  }
  std::sort(names.begin(), names.end());
  const auto twice = std::adjacent_find(names.begin(), names.end());
  if (twice == names.end()) return;
  throw Error(ErrorCode::invalid_request, fmt::format("two inputs are called {}; rename one", *twice));
}

std::string idempotency_key_of(const Submission& submission) {
  const std::string& given = submission.idempotency_key;
  if (!given.empty()) {
    const bool fits =
        std::all_of(given.begin(), given.end(), [](char letter) { return letter >= ' ' && letter <= '~'; });
    if (fits && given.size() <= maximum_key_bytes) return given;
    throw Error(ErrorCode::invalid_request,
                fmt::format("--idempotency-key takes at most {} ASCII letters", maximum_key_bytes));
  }
  std::array<std::uint64_t, 2> random{};
  if (::getrandom(random.data(), sizeof random, 0) != sizeof random) {
    throw Error(ErrorCode::internal, "the kernel gives no random bytes");
  }
  return fmt::format("{:016x}{:016x}", random[0], random[1]);
}

std::string hand_in(ServerApi& api, const SubmitCommand& command, ProgressLine& progress, boost::json::value& answer) {
  JobRequest request = complete_request(command.words);
  check_inputs(command);
  // Before anything is sent: what is wrong with the words is found here.
  const std::string key = idempotency_key_of(command.submission);
  submission_body(command.words, request, command.submission);
  bring_inputs(api, command, request, progress);
  progress.say("submitting");
  answer = api.submit(submission_body(command.words, request, command.submission), key);
  if (const auto warnings = JsonField(answer, "").find_set("warnings")) {
    progress.clear();
    for (const JsonField& warning : warnings->elements()) complain("warning: " + printable(warning.bytes()));
  }
  return JsonField(answer, "").at("job_id").text();
}

int submit_only(ServerApi& api, const SubmitCommand& command) {
  ProgressLine progress(command.quiet ? Show::never : Show::on_terminal, "submitting");
  boost::json::value answer;
  const std::string job = hand_in(api, command, progress, answer);
  progress.clear();
  print_out((command.json ? write_json(answer, JsonStyle::indented) : printable(job)) + "\n");
  return 0;
}

int submit_and_wait(ServerApi& api, const SubmitCommand& command) {
  StopSignals signals;
  api.heed(signals.token());
  return interruptible(api, [&] {
    ProgressLine progress(command.quiet ? Show::never : Show::on_terminal, "submitting");
    boost::json::value answer;
    const std::string job = hand_in(api, command, progress, answer);
    const WatchOptions options{.patience = command.patience, .output = command.json ? Output::left_out : Output::shown};
    watch_to_end(api, job, options, signals, progress);
    progress.clear();
    return report_result(api, job, {command.out, command.json, command.quiet, AlreadyShown::output});
  });
}

}  // namespace

int submit(const SubmitCommand& command) {
  ServerApi api(command.server);
  return command.wait ? submit_and_wait(api, command) : submit_only(api, command);
}

}  // namespace pysandbox::cli
