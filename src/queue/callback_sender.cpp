#include "callback_sender.hpp"

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

#include <pysandbox/error.hpp>
#include <pysandbox/json.hpp>

#include "support/failpoint.hpp"
#include "support/hmac.hpp"
#include "wire/base64.hpp"

namespace pysandbox {
namespace {

constexpr int thread_count = 4;  // so that a slow receiver holds up a quarter of the others
constexpr std::chrono::seconds poll{1};
constexpr std::chrono::seconds first_pause{1};
constexpr std::uint32_t most_doublings = 12;

std::string default_body(const Job& job) {
  std::string result = to_json(job.result.value_or(RunResult{}));
  return "{\"job_id\":\"" + job.id + "\",\"status\":\"" + std::string(to_string(job.state)) + "\"," + result.substr(1);
}

std::string key_of(const std::string& secret) {
  constexpr std::string_view prefix = "whsec_";
  if (!secret.starts_with(prefix)) return secret;
  return parse_base64(std::string_view(secret).substr(prefix.size())).value_or(secret);
}

}  // namespace

std::map<std::string, std::string> callback_headers(const std::string& id, std::chrono::system_clock::time_point time,
                                                    const std::string& body, const std::string& secret) {
  const std::string seconds = std::to_string(std::chrono::system_clock::to_time_t(time));
  std::map<std::string, std::string> headers{
      {"content-type", "application/json"}, {"webhook-id", id}, {"webhook-timestamp", seconds}};
  if (!secret.empty()) {
    const std::string code = hmac_sha256(key_of(secret), id + "." + seconds + "." + body);
    headers["webhook-signature"] = "v1," + to_base64(code);
  }
  return headers;
}

CallbackSender::CallbackSender(JobStore& store, WebClient& web, const QueueOptions& options)
    : store_(store), web_(web), options_(options) {
  subscription_ = store_.subscribe([this](const JobId&) {
    const std::lock_guard lock(mutex_);
    ++changes_;
    changed_.notify_one();
  });
  for (int count = 0; count < thread_count; ++count) {
    threads_.emplace_back([this](const std::stop_token& stop) { work(stop); });
  }
  threads_.emplace_back([this](const std::stop_token& stop) { keep_leases(stop); });
}

CallbackSender::~CallbackSender() {
  for (auto& thread : threads_) thread.request_stop();
}

void CallbackSender::work(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    std::unique_lock lock(mutex_);
    const std::uint64_t seen = changes_;
    lock.unlock();
    if (send_next(stop)) continue;
    lock.lock();
    changed_.wait_for(lock, stop, poll, [&] { return changes_ != seen; });
  }
}

// False if there is nothing to send now.
bool CallbackSender::send_next(const std::stop_token& stop) try {
  const auto job = store_.claim_callback(options_.lease);
  if (!job) return false;
  failpoint("before_callback");
  const WebResult answer = send(*job, stop);
  failpoint("after_callback");
  if (answer.ok) {
    store_.finish_callback(job->id, CallbackState::delivered, {});
  } else if (job->callback_attempt >= options_.callback_attempts && !stop.stop_requested()) {
    store_.finish_callback(job->id, CallbackState::failed, {});
  } else {
    const auto pause = first_pause * (1 << (std::min(job->callback_attempt, most_doublings) - 1));
    store_.finish_callback(job->id, CallbackState::pending, pause);
  }
  return true;
} catch (const std::exception& error) {
  tell_trouble(std::string("sending a callback: ") + error.what());
  return false;
}

// While one of these lives, the lease of its callback is kept: a receiver may take longer than that.
class CallbackSender::Holding {
 public:
  Holding(CallbackSender& sender, const JobId& id) : sender_(sender), id_(id) {
    const std::lock_guard lock(sender_.holding_);
    sender_.held_.insert(id_);
  }
  ~Holding() {
    const std::lock_guard lock(sender_.holding_);
    sender_.held_.erase(id_);
  }
  Holding(const Holding&) = delete;
  Holding& operator=(const Holding&) = delete;

 private:
  CallbackSender& sender_;
  const JobId& id_;
};

// What fails here is a try like any other: else it would come again and again, and never be one too many.
WebResult CallbackSender::send(const Job& job, const std::stop_token& stop) try {
  const Holding holding(*this, job.id);
  const std::string body = options_.callback_body ? options_.callback_body(job) : default_body(job);
  const std::string& secret =
      job.submission.callback_secret.empty() ? options_.callback_secret : job.submission.callback_secret;
  return web_.post(job.submission.callback_url,
                   callback_headers(job.id, std::chrono::system_clock::now(), body, secret), body, stop);
} catch (const std::exception& error) {
  tell_trouble("sending the callback of the job " + job.id + ": " + error.what());
  return {};
}

void CallbackSender::keep_leases(const std::stop_token& stop) {
  std::mutex mutex;
  std::unique_lock lock(mutex);
  while (!stopped_.wait_for(lock, stop, options_.lease / 3, [&] { return stop.stop_requested(); })) renew_leases();
}

void CallbackSender::renew_leases() try {
  const std::lock_guard lock(holding_);
  for (const JobId& id : held_) store_.finish_callback(id, CallbackState::pending, options_.lease);
} catch (const std::exception& error) {
  tell_trouble(std::string("keeping a callback: ") + error.what());  // it may be sent twice
}

void CallbackSender::tell_trouble(const std::string& sentence) const {
  if (options_.on_event) options_.on_event({.kind = SandboxEvent::Kind::trouble, .sentence = sentence});
}

}  // namespace pysandbox
