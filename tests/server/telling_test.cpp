// What the server tells its operator: metrics and log lines.
#include <gmock/gmock.h>

#include <limits>

#include "log.hpp"
#include "metrics/metrics.hpp"

namespace pysandbox::server {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Job job(Outcome outcome) {
  Job job;
  job.id = "0123456789abcdef0123456789abcdef";
  job.created_at = Job::TimePoint(std::chrono::seconds(100));
  job.started_at = Job::TimePoint(std::chrono::seconds(102));
  job.result = RunResult{};
  job.result->outcome = outcome;
  job.result->usage.wall_time = std::chrono::milliseconds(500);
  return job;
}

TEST(MetricsText, CountsJobsByOutcome) {
  Metrics metrics;
  const Job ok = job(Outcome::ok);
  const Job late = job(Outcome::time_limit);
  for (const Job* one : {&ok, &ok, &late}) {
    metrics.record({.kind = SandboxEvent::Kind::started, .job = one});
    metrics.record({.kind = SandboxEvent::Kind::ended, .job = one});
  }
  metrics.record({.kind = SandboxEvent::Kind::lost, .job = &ok});
  metrics.record({.kind = SandboxEvent::Kind::trouble, .sentence = "x"});
  const std::string text = metrics.text({});
  EXPECT_THAT(text, HasSubstr("pysandbox_jobs_total{outcome=\"ok\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("pysandbox_jobs_total{outcome=\"time_limit\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("pysandbox_job_run_seconds_sum 1.5\n"));
  EXPECT_THAT(text, HasSubstr("pysandbox_job_run_seconds_bucket{le=\"0.25\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("pysandbox_job_run_seconds_bucket{le=\"0.5\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("pysandbox_job_wait_seconds_sum 6\n"));
  EXPECT_THAT(text, HasSubstr("pysandbox_claims_lost_total 1\n"));
  EXPECT_THAT(text, HasSubstr("pysandbox_troubles_total 1\n"));
  EXPECT_THAT(text, HasSubstr("pysandbox_build_info{version=\""));
  EXPECT_THAT(text, Not(HasSubstr("0123456789abcdef")));
}

TEST(MetricsText, CountsRequestsByMethodRouteAndStatus) {
  Metrics metrics;
  metrics.answered("GET", "/api/jobs/{job_id}", 200, std::chrono::milliseconds(2));
  metrics.answered("GET", "/api/jobs/{job_id}", 200, std::chrono::milliseconds(2));
  metrics.answered("BREW", "", 405, std::chrono::milliseconds(2));
  const std::string text = metrics.text({});
  EXPECT_THAT(
      text, HasSubstr("pysandbox_http_requests_total{method=\"GET\",route=\"/api/jobs/{job_id}\",status=\"200\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("pysandbox_http_requests_total{method=\"other\",route=\"none\",status=\"405\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("pysandbox_http_request_seconds_count 3\n"));
  EXPECT_THAT(text, Not(HasSubstr("BREW")));
}

TEST(MetricsText, TellsWhatIsSoNow) {
  Metrics metrics;
  JobCounts counts;
  counts.queued = 3;
  counts.running = 2;
  counts.oldest_queued_at = std::chrono::system_clock::now() - std::chrono::hours(1);
  const std::string text = metrics.text({.jobs = counts, .workers = 4, .connections = 5});
  EXPECT_THAT(text, HasSubstr("pysandbox_queue_depth 3\n"));
  EXPECT_THAT(text, HasSubstr("pysandbox_jobs_running 2\n"));
  EXPECT_THAT(text, HasSubstr("pysandbox_workers 4\n"));
  EXPECT_THAT(text, HasSubstr("pysandbox_http_connections 5\n"));
  EXPECT_THAT(text, ::testing::ContainsRegex("pysandbox_oldest_queued_seconds 36[0-9][0-9]"));
  EXPECT_THAT(metrics.text({.jobs = JobCounts{}}), HasSubstr("pysandbox_oldest_queued_seconds 0\n"));
}

TEST(MetricsText, TellsHowThePoolIs) {
  Metrics metrics;
  EXPECT_THAT(metrics.text({}), Not(HasSubstr("pysandbox_pool")));
  PoolUsage pool;
  pool.options.minimum = 4;
  pool.options.maximum = 64;
  pool.parked = 3;
  pool.zygotes = 2;
  pool.parked_starts = 10;
  pool.on_demand_starts = 5;
  metrics.text({.pool = pool});
  pool.on_demand_starts = 7;
  pool.failures = 1;
  const std::string text = metrics.text({.pool = pool});
  for (const char* row :
       {"pysandbox_pool_min 4\n", "pysandbox_pool_max 64\n", "pysandbox_pool_memory_budget_bytes 268435456\n",
        "pysandbox_pool_rotate_after_programs 1000\n", "pysandbox_pool_rotate_after_seconds 600\n",
        "pysandbox_pool_parked 3\n", "pysandbox_pool_zygotes 2\n", "pysandbox_starts_total{start=\"parked\"} 10\n",
        "pysandbox_starts_total{start=\"on_demand\"} 7\n", "pysandbox_starts_total{start=\"cold\"} 0\n",
        "pysandbox_pool_failures_total 1\n"}) {
    EXPECT_THAT(text, HasSubstr(row));
  }
}

TEST(MetricsText, DoesNotInventWhatTheStoreCannotTell) {
  EXPECT_THAT(Metrics().text({}), HasSubstr("pysandbox_queue_depth Nan\n"));
}

std::string line(LogFormat format, LogFields fields) { return log_line(format, LogLevel::info, "T", "event", fields); }

TEST(LogLine, ReadsAsTextAndAsJson) {
  EXPECT_EQ(line(LogFormat::text, {{"a", "b"}, {"n", std::int64_t{3}}, {"d", 1.5}}), "T info    event a=b n=3 d=1.5");
  EXPECT_EQ(line(LogFormat::json, {{"a", "b"}, {"n", std::int64_t{3}}, {"d", 1.5}}),
            R"({"time":"T","level":"info","event":"event","a":"b","n":3,"d":1.5})");
}

TEST(LogLine, IsOneLineWhateverIsInIt) {
  const std::string evil = "a\nb\r\x1b[31m\"\\\x7f\xff =";
  EXPECT_EQ(line(LogFormat::text, {{"a", evil}}), R"(T info    event a="a\u000ab\u000d\u001b[31m\"\\\u007f\u00ff =")");
  EXPECT_EQ(line(LogFormat::json, {{"a", evil}}),
            R"({"time":"T","level":"info","event":"event","a":"a\u000ab\u000d\u001b[31m\"\\\u007f\u00ff ="})");
  EXPECT_EQ(line(LogFormat::text, {{"a", ""}}), R"(T info    event a="")");
}

TEST(LogLine, HasNoNumberThatJsonDoesNotKnow) {
  EXPECT_THAT(line(LogFormat::json, {{"d", std::numeric_limits<double>::infinity()}}), HasSubstr("\"d\":null"));
}

}  // namespace
}  // namespace pysandbox::server
