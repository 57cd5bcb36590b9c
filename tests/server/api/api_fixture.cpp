#include "api_fixture.hpp"

#include <condition_variable>
#include <mutex>

#include "api/refusal.hpp"
#include "api/wire_id.hpp"
#include "http/target.hpp"
#include "support/bytes.hpp"
#include "wire/json_document.hpp"

namespace pysandbox::testing {

namespace json = boost::json;

std::variant<api::Caller, http::Response> FakeAccess::admit(const http::Request& head, const api::Route&) {
  const std::string caller(head.header("x-caller").value_or(""));
  if (caller == "nobody") return api::error_response(api::Refusal(401, "unauthorized", "Show a key"), head.id);
  return api::Caller{caller, max_active};
}

std::string Answer::header(std::string_view name) const {
  std::string value;
  int count = 0;
  for (const auto& [key, text] : headers) {
    if (key == name) {
      value = text;
      ++count;
    }
  }
  EXPECT_LE(count, 1) << name;
  return value;
}

json::value Answer::json() const {
  try {
    return parse_json(body);
  } catch (const Error& error) {
    ADD_FAILURE() << error.what() << ": " << body.substr(0, 200);
    return {};
  }
}

json::value Answer::at(std::string_view pointer) const {
  const json::value document = json();
  json::error_code error;
  const auto* found = document.find_pointer(json::string_view(pointer.data(), pointer.size()), error);
  if (found == nullptr) {
    ADD_FAILURE() << pointer << " is not in " << body.substr(0, 500);
    return {};
  }
  return *found;
}

std::string Answer::text(std::string_view pointer) const {
  const json::value value = at(pointer);
  if (!value.is_string()) {
    ADD_FAILURE() << pointer << " is no string in " << body.substr(0, 500);
    return {};
  }
  return std::string(value.get_string().data(), value.get_string().size());
}

void ApiTest::start(FakeRun run, const api::ApiLimits& limits) {
  auto store = std::make_unique<FailingJobStore>(make_memory_job_store());
  auto client = std::make_unique<FakeWebClient>(std::vector<int>{200});
  jobs = store.get();
  web = client.get();
  sandbox = std::make_unique<Sandbox>(SandboxParts{.runner = std::make_unique<FakeRunner>(std::move(run)),
                                                   .files = open_local_file_store(directory.path()),
                                                   .jobs = std::move(store),
                                                   .environments = std::move(environments),
                                                   .web = std::move(client),
                                                   .queue = {.workers = 1}});
  files = sandbox->files();
  application = api::make_application({*sandbox, access, operations, limits});
}

void ApiTest::start_idle(const api::ApiLimits& limits) {
  start([](const Program&, const OutputSink&, std::stop_token) { return ok_result(); }, limits);
  sandbox->drain(std::chrono::milliseconds(0));
}

http::Response ApiTest::respond(const Ask& ask) {
  http::Request request;
  request.method = ask.method;
  request.target = ask.target;
  const auto target = http::parse_target(ask.target);
  if (!target) return application->refusal(400, "bad_target", "the target is wrong", "r-1");
  request.segments = target->segments;
  request.query = target->query;
  request.headers = ask.headers;
  request.headers.emplace_back("x-caller", ask.caller);
  request.host = "localhost";
  request.client_address = "127.0.0.1";
  request.id = "r-1";
  auto planned = application->plan(request);
  if (auto* refused = std::get_if<http::Response>(&planned)) return std::move(*refused);
  const auto& plan = std::get<http::Plan>(planned);
  if (ask.body.size() > plan.max_bytes) return application->refusal(413, "too_large", "the body is too large", "r-1");
  if (plan.body == http::Plan::Body::whole) request.body = ask.body;
  if (plan.body == http::Plan::Body::stream) request.body_stream = source_of(ask.body, 1000);
  try {
    return plan.handler(request);
  } catch (const std::exception& error) {
    return application->failure(error, request);
  }
}

Answer ApiTest::settle(http::Response response) {
  if (const auto* waiting = std::get_if<std::shared_ptr<http::Waiting>>(&response.body)) {
    std::mutex mutex;
    std::condition_variable changed;
    bool is_awake = true;
    const auto wake = [&] {
      const std::lock_guard lock(mutex);
      is_awake = true;
      changed.notify_all();
    };
    const auto subscription = (*waiting)->subscribe(wake);
    for (;;) {
      std::unique_lock lock(mutex);
      const bool is_early = changed.wait_until(lock, (*waiting)->deadline, [&] { return is_awake; });
      is_awake = false;
      lock.unlock();
      auto answer = (*waiting)->look(is_early ? http::Waiting::Turn::early : http::Waiting::Turn::last);
      if (answer) return settle(*std::move(answer));
      if (!is_early) {
        ADD_FAILURE() << "the last look has no answer";
        return {};
      }
    }
  }
  Answer answer{.status = response.status, .headers = std::move(response.headers)};
  if (auto* text = std::get_if<std::string>(&response.body)) answer.body = std::move(*text);
  if (auto* stream = std::get_if<http::StreamBody>(&response.body)) {
    answer.body = text_of(stream->bytes);
    EXPECT_EQ(stream->size.value_or(answer.body.size()), answer.body.size());
  }
  return answer;
}

Answer ApiTest::ask(const Ask& ask) { return settle(respond(ask)); }

Answer ApiTest::post_job(const std::string& body, http::Headers headers, const std::string& caller) {
  headers.emplace_back("content-type", "application/json");
  return ask({.method = "POST", .target = "/api/jobs", .body = body, .headers = std::move(headers), .caller = caller});
}

std::string ApiTest::submit(const std::string& body, const std::string& caller) {
  const Answer answer = post_job(body, {}, caller);
  EXPECT_EQ(answer.status, 200) << answer.body;
  return answer.text("/job_id");
}

JobId ApiTest::inside(const std::string& wire_id) { return api::parse_wire_id(wire_id).value(); }

Claim ApiTest::claim(const std::string& wire_id) {
  auto claim = jobs->claim("test", std::chrono::minutes(1));
  EXPECT_TRUE(claim && claim->job.id == inside(wire_id)) << "another job is the next one";
  return claim.value();
}

void ApiTest::finish(const std::string& wire_id, RunResult result,
                     const std::vector<std::pair<std::string, std::string>>& artifacts) {
  const Claim held = claim(wire_id);
  for (const auto& [path, content] : artifacts) {
    const StoredFile file = files->add(path, source_of(content), held.job.submission.owner);
    result.artifacts.push_back({path, file.size, file.content_type, file.sha256, file.id});
  }
  ASSERT_TRUE(jobs->finish(held, result));
}

std::string ApiTest::upload(const std::string& name, const std::string& bytes, const std::string& caller) {
  const Answer answer =
      ask({.method = "PUT", .target = "/api/files?filename=" + name, .body = bytes, .caller = caller});
  EXPECT_EQ(answer.status, 201) << answer.body;
  return answer.text("/file_id");
}

}  // namespace pysandbox::testing
