#include "job_watch.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include <pysandbox/error.hpp>

#include "report.hpp"
#include "wire/json_field.hpp"

namespace pysandbox::cli {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

class Watch {
 public:
  Watch(ServerApi& api, const std::string& job, const WatchOptions& options, StopSignals& signals,
        ProgressLine& progress)
      : api_(api), job_(job), options_(options), signals_(signals), progress_(progress), log_(api, job) {
    if (options.patience) deadline_ = Clock::now() + *options.patience;
  }

  void run() {
    progress_.say("queued");
    while (!log_.ended()) {
      try {
        step();
      } catch (const Error&) {
        // After the first request to stop nothing is heeded: the second ends this process.
        if (!api_.interrupted()) throw;
        api_.heed({});
        cancel();
      }
    }
  }

 private:
  void step() {
    show_position();
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline_ - Clock::now());
    if (left <= 0ms) {
      throw Error(
          ErrorCode::unavailable,
          fmt::format("job {} has not ended in the time of --wait and goes on; see pysandbox logs -f {}", job_, job_));
    }
    if (const auto event = log_.next(std::min<std::chrono::milliseconds>(left, 1000ms))) take(*event);
  }

  void take(const LogEvent& event) {
    const JsonField data(event.data, "");
    if (event.name == "status") {
      state_ = data.at("status").text();
      if (state_ == "running") progress_.say("running");
    }
    if (event.name == "progress") progress_.say(printable(data.at("text").bytes()));
    if (event.name == "end") state_ = "ended";
    if (options_.output == Output::left_out || (event.name != "stdout" && event.name != "stderr")) return;
    progress_.clear();
    tell_attempt(data);
    if (!show_output(event)) signals_.stop();
  }

  // A job that lost its worker runs again, and says again what it has said.
  void tell_attempt(const JsonField& data) {
    const auto attempt = data.find_set("attempt");
    if (!attempt) return;
    const auto number = attempt->whole_number<std::uint32_t>();
    if (attempt_ != 0 && number > attempt_) {
      complain(fmt::format("the server lost who ran the job; what follows is of attempt {}", number));
    }
    attempt_ = std::max(attempt_, number);
  }

  void show_position() {
    if (!progress_.visible() || state_ != "queued" || Clock::now() < ask_at_) return;
    ask_at_ = Clock::now() + 2s;
    try {
      const auto answer = api_.status(job_);
      const auto queue = JsonField(answer, "").find_set("queue");
      const auto position = queue ? queue->find_set("position") : std::nullopt;
      if (position) progress_.say("queued,", fmt::format("{} before it", position->whole_number<std::uint64_t>()));
    } catch (const Error&) {
      if (api_.interrupted()) throw;
      // It is for show only; the log tells what is wrong.
    }
  }

  void cancel() {
    progress_.say("cancelling");
    state_ = "cancelling";
    try {
      api_.cancel(job_);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::conflict) throw;  // else it has ended, and its log says how
    }
  }

  ServerApi& api_;
  const std::string& job_;
  const WatchOptions& options_;
  StopSignals& signals_;
  ProgressLine& progress_;
  JobLog log_;
  std::string state_ = "queued";
  std::uint32_t attempt_ = 0;
  Clock::time_point deadline_ = Clock::time_point::max();
  Clock::time_point ask_at_ = Clock::now();
};

}  // namespace

void watch_to_end(ServerApi& api, const std::string& job, const WatchOptions& options, StopSignals& signals,
                  ProgressLine& progress) {
  Watch(api, job, options, signals, progress).run();
}

bool show_output(const LogEvent& event) {
  if (event.name != "stdout" && event.name != "stderr") return true;
  const std::string text = JsonField(event.data, "").at("text").bytes();
  return write_all(event.name == "stdout" ? STDOUT_FILENO : STDERR_FILENO, text);
}

}  // namespace pysandbox::cli
