// From a submission to its end, as a client sees it.
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <gmock/gmock.h>

#include <chrono>
#include <semaphore>
#include <string>
#include <thread>
#include <vector>

#include "api_fixture.hpp"

namespace pysandbox::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::SizeIs;
namespace json = boost::json;

constexpr auto uuid = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}";
constexpr auto iso_time = "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z";

std::vector<std::string> keys_of(const json::value& value) {
  std::vector<std::string> keys;
  for (const auto& member : value.as_object()) keys.emplace_back(member.key());
  return keys;
}

class Jobs : public ApiTest {
 protected:
  std::string path(const std::string& id, const std::string& what = "") { return "/api/jobs/" + id + what; }
};

TEST_F(Jobs, AreSubmittedAsTheSeedDoesIt) {
  start_idle();
  const Answer answer = post_job(R"j({"code": "print('Hello, World!')", "packages": []})j");
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(keys_of(answer.json()), ElementsAre("job_id", "status", "message"));
  EXPECT_THAT(answer.text("/job_id"), MatchesRegex(uuid));
  EXPECT_EQ(answer.text("/status"), "queued");
  EXPECT_EQ(answer.text("/message"), "Job queued successfully");
  EXPECT_EQ(answer.header("Content-Type"), "application/json; charset=utf-8");
  EXPECT_EQ(answer.header("Cache-Control"), "no-store");
  EXPECT_EQ(answer.header("X-Content-Type-Options"), "nosniff");
  EXPECT_EQ(jobs->find(inside(answer.text("/job_id"))).value().request.code, "print('Hello, World!')");
}

TEST_F(Jobs, BringWhatTheHeadSays) {
  start_idle();
  access.max_active = 5;
  const Answer answer = post_job(R"({"code": "pass"})", {{"idempotency-key", "k-1"}}, "carol");
  const Submission submission = jobs->find(inside(answer.text("/job_id"))).value().submission;
  EXPECT_EQ(submission.owner, "carol");
  EXPECT_EQ(submission.idempotency_key, "k-1");
}

TEST_F(Jobs, WarnOfUnknownFields) {
  start_idle();
  const Answer answer = post_job(R"({"code": "pass", "language": "python"})");
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(std::string(answer.at("/warnings/0").as_string()), HasSubstr("language"));
}

TEST_F(Jobs, ThatAreRefusedAreNotKept) {
  start_idle();
  const std::vector<std::pair<std::string, std::string>> cases{
      {"{", "invalid_json"},
      {"[]", "invalid_request"},
      {R"({"code": 5})", "invalid_request"},
      {R"({"code": "pass", "timeout": 1e9})", "limit_out_of_range"},
      {R"({"code": "pass", "packages": ["pandas"]})", "packages_unsupported"},
      {R"({"code": "pass", "entry_point": "../x"})", "invalid_request"},
      {R"({"code": "pass", "callback_url": "file:///etc/passwd"})", "invalid_request"},
      {R"({"code": "pass", "callback_secret": "s"})", "invalid_request"},
      {R"({"code": "pass", "data_urls": ["/api/files/f7e05f2b-2342-4c9f-8142-b9f927e54c3a"]})", "invalid_request"},
      {R"({"code": "pass", "files": [{"path": "a", "file_id": "f7e05f2b-2342-4c9f-8142-b9f927e54c3a"}]})",
       "invalid_request"},
  };
  for (const auto& [body, code] : cases) {
    const Answer answer = post_job(body);
    EXPECT_EQ(answer.status, 400) << body;
    EXPECT_EQ(answer.code(), code) << body;
    EXPECT_THAT(keys_of(answer.json()), ElementsAre("error", "code", "details", "request_id"));
  }
  EXPECT_EQ(post_job(R"({"code": "pass"})", {{"idempotency-key", std::string(256, 'k')}}).status, 400);
  EXPECT_EQ(post_job(R"({"code": "pass"})", {{"idempotency-key", "k\xff"}}).status, 400);
  EXPECT_EQ(post_job("{\"code\": \"" + std::string(11U << 20, 'a') + "\"}").status, 413);
  EXPECT_THAT(jobs->list({}), SizeIs(0));
  EXPECT_THAT(operations.failures, SizeIs(0));
}

TEST_F(Jobs, SurviveSqlAndMarkupInEveryText) {
  start_idle();
  const std::string evil =
      R"('; DROP TABLE jobs; --\" <script>alert(1)</script>\r\nSet-Cookie: a=b $(id) %s %n {} \u2028)";
  const Answer answer =
      post_job("{\"code\": \"" + evil + "\", \"args\": [\"" + evil + "\"], \"env\": {\"A\": \"" + evil +
                   "\"}, \"stdin\": \"" + evil + "\", \"metadata\": {\"" + evil + "\": \"" + evil + "\"}, \"" + evil +
                   "\": 1, \"callback_url\": \"https://x/" + evil + "\", \"callback_secret\": \"" + evil + "\"}",
               {{"idempotency-key", "'; DROP TABLE jobs; --"}}, "o'; DROP TABLE jobs; --");
  ASSERT_EQ(answer.status, 200) << answer.body;
  const std::string id = answer.text("/job_id");
  finish(id, {.outcome = Outcome::ok, .stdout = "<script>\r\n\r\n", .stderr = "\"\\"});
  const Answer results = get(path(id, "/results"), "o'; DROP TABLE jobs; --");
  EXPECT_EQ(results.text("/stdout"), "<script>\r\n\r\n");
  EXPECT_EQ(results.text("/stderr"), "\"\\");
  for (const auto& [name, value] : results.headers) EXPECT_EQ(value.find_first_of("\r\n<"), std::string::npos) << name;
}

TEST_F(Jobs, NeverReadFilesOfTheHost) {
  start_idle();
  const std::string id =
      submit(R"({"code": "pass", "source": "/etc/passwd", "inputs": [{"path": "a", "source": "/etc/passwd"}],
                                    "files": [{"path": "b", "content": "", "source": "/etc/passwd"}]})");
  const JobRequest request = jobs->find(inside(id)).value().request;
  ASSERT_THAT(request.inputs, SizeIs(1));
  EXPECT_EQ(request.inputs[0], (InputFile{.path = "b"}));
}

TEST_F(Jobs, UseTheirCallersUploads) {
  start_idle();
  const std::string file = upload("data.csv", "1,2\n");
  const std::string url = "\"/api/files/" + file + '"';
  const std::string id = submit(R"({"code": "pass", "data_urls": [)" + url +
                                R"(], "files": [{"path": "b", "file_id": ")" + file + R"("}]})");
  EXPECT_THAT(
      jobs->find(inside(id)).value().request.inputs,
      ElementsAre(InputFile{.path = "", .file_id = inside(file)}, InputFile{.path = "b", .file_id = inside(file)}));

  const Answer foreign = post_job(R"({"code": "pass", "data_urls": ["https://example.org/", )" + url + "]}", {}, "bob");
  EXPECT_EQ(foreign.status, 400);
  EXPECT_EQ(foreign.text("/details/0/field"), "data_urls[1]");

  const std::string wrong(64, 'a');
  const auto with_hash = [&](const std::string& hash) {
    return post_job(R"({"code": "pass", "data_urls": [{"url": )" + url + R"(, "sha256": ")" + hash + R"("}]})");
  };
  EXPECT_EQ(with_hash(wrong).status, 400);
  EXPECT_EQ(with_hash(files->find(inside(file)).value().sha256).status, 200);
}

TEST_F(Jobs, AreTheSameForTheSameKeyAndBody) {
  start_idle();
  const http::Headers key{{"idempotency-key", "once"}};
  const Answer first = post_job(R"({"code": "pass", "metadata": 1})", key);
  const Answer second = post_job(R"({"metadata": 1, "code": "pass"})", key);
  EXPECT_EQ(second.status, 200);
  EXPECT_EQ(second.text("/job_id"), first.text("/job_id"));
  EXPECT_EQ(second.text("/message"), "Job already submitted");
  EXPECT_EQ(second.text("/status"), "queued");

  const Answer other = post_job(R"({"code": "other"})", key);
  EXPECT_EQ(other.status, 409);
  EXPECT_EQ(other.code(), "idempotency_conflict");

  EXPECT_NE(post_job(R"({"code": "pass", "metadata": 1})", key, "bob").text("/job_id"), first.text("/job_id"));
  EXPECT_NE(post_job(R"({"code": "pass", "metadata": 1})").text("/job_id"), first.text("/job_id"));
  EXPECT_EQ(post_job(R"({"code": "pass"})", {{"idempotency-key", ""}}).status, 400);

  finish(first.text("/job_id"), {.outcome = Outcome::ok});
  EXPECT_EQ(post_job(R"({"code": "pass", "metadata": 1})", key).text("/status"), "completed");
}

TEST_F(Jobs, AreTooManyForOneCaller) {
  start_idle();
  access.max_active = 2;
  submit();
  submit();
  const Answer answer = post_job(R"({"code": "pass"})");
  EXPECT_EQ(answer.status, 429);
  EXPECT_EQ(answer.code(), "too_many_jobs");
  EXPECT_NE(answer.header("Retry-After"), "");
  EXPECT_EQ(answer.at("/details/0/queue_length").to_number<int>(), 2);
  submit(R"({"code": "pass"})", "bob");
}

TEST_F(Jobs, AreTooManyForTheQueue) {
  api::ApiLimits limits;
  limits.max_queued = 3;
  start_idle(limits);
  for (const auto* caller : {"alice", "bob", "carol"}) submit(R"({"code": "pass"})", caller);
  const Answer answer = post_job(R"({"code": "pass"})", {}, "dave");
  EXPECT_EQ(answer.status, 429);
  EXPECT_EQ(answer.code(), "queue_full");
  EXPECT_NE(answer.header("Retry-After"), "");
  EXPECT_EQ(answer.at("/details/0/queue_length").to_number<int>(), 3);
  EXPECT_THAT(jobs->list({}), SizeIs(3));
}

TEST_F(Jobs, TellTheirStatus) {
  start_idle();
  const std::string first =
      submit(R"({"code": "pass", "metadata": {"a": [1]}, "priority": 5, "ttl": 60, "timeout": 7})");
  const std::string second = submit();
  for (const std::string& route : {path(first), path(first, "/status")}) {
    const Answer status = get(route);
    EXPECT_EQ(status.status, 200);
    EXPECT_THAT(keys_of(status.json()), ElementsAre("job_id", "status", "created_at", "started_at", "completed_at",
                                                    "outcome", "attempt", "queue", "cancel_requested", "priority",
                                                    "expires_at", "effective_limits", "metadata", "callback"));
    EXPECT_EQ(status.text("/job_id"), first);
    EXPECT_EQ(status.text("/status"), "queued");
    EXPECT_THAT(status.text("/created_at"), MatchesRegex(iso_time));
    EXPECT_TRUE(status.at("/started_at").is_null());
    EXPECT_TRUE(status.at("/completed_at").is_null());
    EXPECT_TRUE(status.at("/outcome").is_null());
    EXPECT_EQ(status.at("/queue/position").to_number<int>(), 0);
    EXPECT_EQ(status.at("/priority").to_number<int>(), 5);
    EXPECT_THAT(status.text("/expires_at"), MatchesRegex(iso_time));
    EXPECT_EQ(status.at("/effective_limits/time_limit").to_number<double>(), 7);
    EXPECT_EQ(status.at("/effective_limits/memory_bytes").to_number<std::uint64_t>(), 512U << 20);
    EXPECT_EQ(status.at("/metadata/a/0").to_number<int>(), 1);
    EXPECT_EQ(status.text("/callback"), "none");
  }
  EXPECT_EQ(get(path(second)).at("/queue/position").to_number<int>(), 1);
  EXPECT_TRUE(get(path(second)).at("/metadata").is_null());
  EXPECT_TRUE(get(path(second)).at("/expires_at").is_null());

  const Claim held = claim(first);
  EXPECT_EQ(get(path(first)).text("/status"), "running");
  EXPECT_TRUE(get(path(first)).at("/queue").is_null());
  EXPECT_THAT(get(path(first)).text("/started_at"), MatchesRegex(iso_time));
  EXPECT_EQ(get(path(first)).at("/attempt").to_number<int>(), 1);
  jobs->finish(held, {.outcome = Outcome::memory_limit});
  EXPECT_EQ(get(path(first)).text("/status"), "failed");
  EXPECT_EQ(get(path(first)).text("/outcome"), "memory_limit");
  EXPECT_THAT(get(path(first)).text("/completed_at"), MatchesRegex(iso_time));
}

TEST_F(Jobs, AreFoundByTheirIdHoweverItIsWritten) {
  start_idle();
  const std::string id = submit();
  std::string upper = id;
  for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  for (const std::string& written : {id, inside(id), upper}) EXPECT_EQ(get(path(written)).text("/job_id"), id);
}

TEST_F(Jobs, HaveNoResultsBeforeTheirEnd) {
  start_idle();
  const std::string id = submit();
  for (int look = 0; look < 2; ++look) {
    const Answer answer = get(path(id, "/results"));
    EXPECT_EQ(answer.status, 400);
    EXPECT_EQ(answer.code(), "not_completed");
    EXPECT_EQ(answer.text("/error"), "Job has not completed yet");
    if (look == 0) claim(id);
  }
}

TEST_F(Jobs, TellTheirResultsForEveryOutcome) {
  start_idle();
  for (int number = 0; number <= static_cast<int>(Outcome::internal_error); ++number) {
    const auto outcome = static_cast<Outcome>(number);
    const std::string id = submit();
    finish(id, {.outcome = outcome});
    const Answer answer = get(path(id, "/results"));
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.text("/outcome"), to_string(outcome));
    EXPECT_EQ(answer.text("/status"), outcome == Outcome::ok ? "completed" : "failed");
  }
}

TEST_F(Jobs, TellAllThatIsKnownOfTheirEnd) {
  start_idle();
  const std::string id = submit(R"({"code": "pass", "metadata": "m"})");
  RunResult result{.outcome = Outcome::exception,
                   .exit_code = 1,
                   .stdout = "out\n\xff",
                   .stdout_truncated = true,
                   .error = PythonError{"ValueError", "no", "Traceback", 3},
                   .failure = Failure{"memory_bytes", "1", "more"},
                   .usage = {.wall_time = 1500ms, .cpu_user = 20ms, .memory_peak_bytes = 1234},
                   .isolation = {.runner = "native"},
                   .artifacts = {},
                   .warnings = {"careful"}};
  finish(id, result, {{"plots/a.png", "png"}});
  const Answer answer = get(path(id, "/results"));
  EXPECT_THAT(keys_of(answer.json()),
              ElementsAre("job_id", "status", "stdout", "stderr", "execution_time", "resource_usage", "files",
                          "outcome", "exit_code", "signal", "stdout_truncated", "stderr_truncated", "error", "failure",
                          "usage", "isolation", "environment", "warnings", "metadata", "created_at", "started_at",
                          "completed_at", "attempt"));
  EXPECT_EQ(answer.text("/stdout"), "out\n\xef\xbf\xbd");
  EXPECT_TRUE(answer.at("/stderr").is_null());
  EXPECT_EQ(answer.at("/execution_time").to_number<double>(), 1.5);
  EXPECT_THAT(answer.text("/resource_usage"), HasSubstr("\"memory_peak_bytes\":1234"));
  EXPECT_EQ(answer.at("/usage/memory_peak_bytes").to_number<int>(), 1234);
  EXPECT_EQ(answer.text("/error/name"), "ValueError");
  EXPECT_EQ(answer.text("/failure/limit"), "memory_bytes");
  EXPECT_EQ(answer.at("/stdout_truncated"), true);
  EXPECT_EQ(answer.at("/stderr_truncated"), false);
  EXPECT_EQ(answer.text("/isolation/runner"), "native");
  EXPECT_EQ(answer.text("/warnings/0"), "careful");
  EXPECT_EQ(answer.text("/metadata"), "m");
  EXPECT_THAT(keys_of(answer.at("/files/0")),
              ElementsAre("id", "filename", "content_type", "size", "path", "sha256", "url"));
  EXPECT_EQ(answer.text("/files/0/filename"), "a.png");
  EXPECT_EQ(answer.text("/files/0/path"), "plots/a.png");
  EXPECT_EQ(answer.text("/files/0/content_type"), "image/png");
  EXPECT_EQ(get(answer.text("/files/0/url")).body, "png");
}

TEST_F(Jobs, AreListedNewestFirstPageByPage) {
  start_idle();
  std::vector<std::string> ids;
  for (int count = 0; count < 5; ++count) ids.insert(ids.begin(), submit());
  submit(R"({"code": "pass"})", "bob");
  std::vector<std::string> listed;
  std::string cursor;
  for (int pages = 0; pages < 3; ++pages) {
    const Answer page = get("/api/jobs?limit=2&cursor=" + cursor);
    ASSERT_EQ(page.status, 200);
    const json::value page_of_jobs = page.at("/jobs");
    for (const json::value& job : page_of_jobs.as_array()) listed.emplace_back(job.at("job_id").as_string());
    if (pages == 2) {
      EXPECT_TRUE(page.at("/next_cursor").is_null());
    } else {
      cursor = page.text("/next_cursor");
    }
  }
  EXPECT_EQ(listed, ids);
  EXPECT_TRUE(get("/api/jobs?limit=5").at("/next_cursor").is_null());
  EXPECT_EQ(get("/api/jobs").at("/jobs").as_array().size(), 5U);
}

TEST_F(Jobs, AreFiltered) {
  start_idle();
  const std::string done = submit();
  finish(done, {.outcome = Outcome::ok});
  const std::string broken = submit();
  finish(broken, {.outcome = Outcome::time_limit});
  const std::string waiting = submit();
  EXPECT_EQ(get("/api/jobs?status=completed").text("/jobs/0/job_id"), done);
  EXPECT_EQ(get("/api/jobs?status=failed").text("/jobs/0/job_id"), broken);
  EXPECT_EQ(get("/api/jobs?status=queued").text("/jobs/0/job_id"), waiting);
  EXPECT_EQ(get("/api/jobs?outcome=time_limit").text("/jobs/0/job_id"), broken);
  EXPECT_EQ(get("/api/jobs?status=running").at("/jobs").as_array().size(), 0U);
  EXPECT_EQ(get("/api/jobs?status=&outcome=&limit=&cursor=").at("/jobs").as_array().size(), 3U);
}

TEST_F(Jobs, AreNotListedForFiltersThatMakeNoSense) {
  start_idle();
  const std::string foreign = submit(R"({"code": "pass"})", "bob");
  for (const std::string query :
       {"status=done", "status=Queued", "outcome=bad", "limit=0", "limit=201", "limit=-1", "limit=1.5", "limit=x",
        "limit=1e1", "cursor=1", "cursor=../x", "cursor=%27", "status=%27%20OR%201=1"}) {
    const Answer answer = get("/api/jobs?" + query);
    EXPECT_EQ(answer.status, 400) << query;
    EXPECT_EQ(answer.text("/details/0/field"), query.substr(0, query.find('=')));
  }
  const Answer of_bob = get("/api/jobs?cursor=" + foreign);
  const Answer of_nobody = get("/api/jobs?cursor=00000000-0000-4000-8000-000000000000");
  EXPECT_EQ(of_bob.status, 400);
  EXPECT_EQ(of_nobody.status, 400) << "not the end of the list";
  EXPECT_EQ(of_bob.text("/error"), of_nobody.text("/error")) << "what others have does not show";
}

TEST_F(Jobs, AreCancelledInTheQueue) {
  start_idle();
  for (const std::string method : {"POST", "DELETE"}) {
    const std::string id = submit();
    const Answer answer = ask({.method = method, .target = path(id, method == "POST" ? "/cancel" : "")});
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.text("/job_id"), id);
    EXPECT_EQ(answer.text("/status"), "failed");
    EXPECT_EQ(answer.text("/message"), "Job cancelled");
    EXPECT_EQ(get(path(id)).text("/outcome"), "cancelled");
  }
}

TEST_F(Jobs, AreCancelledWhileTheyRun) {
  std::binary_semaphore is_running(0);
  start([&](const Program&, const OutputSink&, std::stop_token stop) {
    is_running.release();
    return run_until_stopped(stop);
  });
  for (const std::string method : {"POST", "DELETE"}) {
    const std::string id = submit();
    is_running.acquire();
    const Answer answer = ask({.method = method, .target = path(id, method == "POST" ? "/cancel" : "")});
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.text("/message"), "Job cancelled");
    EXPECT_EQ(get(path(id)).text("/outcome"), "cancelled");
  }
}

TEST_F(Jobs, ThatDoNotEndInTimeAreSaidToBeCancelled) {
  api::ApiLimits limits;
  limits.cancel_wait = 20ms;
  start_idle(limits);
  const std::string id = submit();
  const Claim held = claim(id);
  const Answer answer = ask({.method = "DELETE", .target = path(id)});
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.text("/status"), "running");
  EXPECT_EQ(answer.text("/message"), "Job is being cancelled");
  EXPECT_EQ(get(path(id)).at("/cancel_requested"), true);
  jobs->finish(held, {.outcome = Outcome::ok});
}

TEST_F(Jobs, ThatEndBeforeTheyAreCancelledSaySo) {
  start_idle();
  const std::string id = submit();
  const Claim held = claim(id);
  http::Response response = respond({.method = "POST", .target = path(id, "/cancel")});
  jobs->finish(held, {.outcome = Outcome::ok});
  const Answer answer = settle(std::move(response));
  EXPECT_EQ(answer.text("/status"), "completed");
  EXPECT_EQ(answer.text("/message"), "Job ended before it could be cancelled");
}

TEST_F(Jobs, ThatHaveEndedCannotBeCancelled) {
  start_idle();
  const std::string id = submit();
  finish(id, {.outcome = Outcome::ok});
  const Answer answer = ask({.method = "POST", .target = path(id, "/cancel")});
  EXPECT_EQ(answer.status, 409);
  EXPECT_EQ(answer.code(), "already_ended");
}

TEST_F(Jobs, ThatHaveEndedAreDeletedWithTheirFiles) {
  start_idle();
  const std::string id = submit();
  finish(id, {.outcome = Outcome::ok}, {{"a.txt", "a"}});
  const FileId artifact = jobs->find(inside(id)).value().result.value().artifacts[0].file_id;
  const Answer answer = ask({.method = "DELETE", .target = path(id)});
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.text("/message"), "Job deleted");
  EXPECT_EQ(get(path(id)).status, 404);
  EXPECT_EQ(get(path(id)).text("/error"), "Job not found");
  EXPECT_FALSE(files->find(artifact));
  EXPECT_EQ(ask({.method = "DELETE", .target = path(id)}).status, 404);
}

TEST_F(Jobs, AreWaitedFor) {
  start([](const Program& program, const OutputSink&, std::stop_token) {
    RunResult result = ok_result();
    result.stdout = program.code;
    return result;
  });
  for (const std::string way : {R"("wait": true)", R"("wait": 30)", R"("wait": "30")"}) {
    const Answer answer = post_job(R"({"code": "out", "unknown": 1, )" + way + "}");
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.text("/status"), "completed");
    EXPECT_EQ(answer.text("/stdout"), "out");
    EXPECT_THAT(answer.text("/warnings/0"), HasSubstr("unknown"));
  }
  EXPECT_EQ(post_job(R"({"code": "out"})", {{"prefer", "wait=30"}}).text("/stdout"), "out");
  EXPECT_EQ(ask({.method = "POST",
                 .target = "/api/jobs?wait=30",
                 .body = R"({"code": "out"})",
                 .headers = {{"content-type", "application/json"}}})
                .text("/stdout"),
            "out");
  EXPECT_EQ(post_job(R"({"code": "out", "wait": false})", {{"prefer", "wait=30"}}).text("/message"),
            "Job queued successfully");
}

TEST_F(Jobs, ThatDoNotEndInTimeAreAnsweredWith202) {
  start_idle();
  const Answer answer = post_job(R"({"code": "pass", "wait": 0.02, "unknown": 1})");
  EXPECT_EQ(answer.status, 202);
  EXPECT_THAT(keys_of(answer.json()), ElementsAre("job_id", "status", "message", "warnings"));
  EXPECT_EQ(answer.text("/status"), "queued");
  EXPECT_EQ(get(path(answer.text("/job_id"))).text("/status"), "queued");
}

TEST_F(Jobs, ThatAreDeletedWhileSomebodyWaitsAreNotFound) {
  start_idle();
  http::Response response = respond({.method = "POST",
                                     .target = "/api/jobs?wait=60",
                                     .body = R"({"code": "pass"})",
                                     .headers = {{"content-type", "application/json"}}});
  const JobId id = jobs->list({}).at(0).id;
  ASSERT_TRUE(jobs->cancel(id));
  ASSERT_TRUE(jobs->remove(id));
  EXPECT_EQ(settle(std::move(response)).status, 404);
}

TEST_F(Jobs, WakeEveryClientThatWaits) {
  start_idle();
  constexpr int clients = 20;
  std::vector<std::jthread> threads;
  std::vector<int> statuses(clients);
  for (int client = 0; client < clients; ++client) {
    threads.emplace_back([&, client] {
      statuses[static_cast<std::size_t>(client)] = post_job(R"({"code": "pass", "wait": 60})").status;
    });
  }
  for (int ended = 0; ended < clients;) {
    const auto held = jobs->claim("test", 1min);
    if (held && jobs->finish(*held, {.outcome = Outcome::ok})) ++ended;
  }
  threads.clear();
  EXPECT_THAT(statuses, ::testing::Each(200));
}

}  // namespace
}  // namespace pysandbox::testing
