// The contract of JobStore over a real PostgreSQL, and what only this store has. One server for all tests.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <mutex>
#include <set>
#include <string>
#include <thread>

#include "../support/bytes.hpp"
#include "../support/throwaway_postgres.hpp"
#include "job_store_contract.hpp"

namespace pysandbox::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using namespace std::chrono_literals;

ThrowawayPostgres& server() {
  static ThrowawayPostgres postgres;
  return postgres;
}

// A directory stands for a database: its name is kept there.
std::string database_of(const std::string& directory) {
  const std::string file = directory + "/url";
  std::string url;
  if (std::getline(std::ifstream(file), url)) return url;
  url = server().new_database();
  std::ofstream(file) << url;
  return url;
}

INSTANTIATE_TEST_SUITE_P(BuiltIn, JobStoreContract,
                         ::testing::Values(JobStoreKind{
                             "Postgres",
                             [](const std::string& directory, const JobStoreOptions& options) {
                               return open_postgres_job_store(database_of(directory),
                                                              {.max_attempts = options.max_attempts});
                             }}),
                         [](const auto& which) { return which.param.name; });

class PostgresJobStore : public ::testing::Test {
 protected:
  std::unique_ptr<JobStore> open() { return open_postgres_job_store(url); }

  std::string sql(const std::string& statements) { return server().sql(url, statements); }

  void TearDown() override { server().start(); }

  const std::string url = server().new_database();
};

TEST_F(PostgresJobStore, HasItsJobsWhenItIsOpenedAgain) {
  const JobId id = open()->add(full_request(), full_submission()).id;
  const Claim claimed = open()->claim("w", 1h).value();
  EXPECT_EQ(claimed.job.id, id);
  EXPECT_TRUE(open()->finish(claimed, full_result()));
  EXPECT_EQ(open()->find(id)->result, full_result());
}

TEST_F(PostgresJobStore, LivesInASchemaOfItsOwn) {
  open();
  EXPECT_EQ(sql("SELECT version FROM pysandbox.schema_version"), "2");
  EXPECT_EQ(sql("SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace"), "0");
}

TEST_F(PostgresJobStore, IsMadeOnceByManyWhoStartAtOnce) {
  std::vector<std::jthread> starters;
  std::atomic<int> started = 0;
  for (int number = 0; number < 8; ++number) {
    starters.emplace_back([&] {
      open()->add(JobRequest{.code = "1"});
      ++started;
    });
  }
  starters.clear();
  EXPECT_EQ(started, 8);
  EXPECT_EQ(open()->list({}).size(), 8U);
  EXPECT_EQ(sql("SELECT count(*) FROM pysandbox.schema_version"), "1");
}

TEST_F(PostgresJobStore, RefusesADatabaseOfANewerVersion) {
  open()->add(JobRequest{.code = "1"});
  sql("UPDATE pysandbox.schema_version SET version = 3");
  EXPECT_EQ(error_of([&] { open(); }), ErrorCode::conflict);
  EXPECT_THAT(message_of([&] { open(); }), HasSubstr("update this pysandbox"));
  sql("UPDATE pysandbox.schema_version SET version = 2");
  EXPECT_EQ(open()->list({}).size(), 1U);
}

TEST_F(PostgresJobStore, RefusesASchemaOfAnotherProgramAndLeavesItAsItIs) {
  sql("CREATE SCHEMA pysandbox; CREATE TABLE pysandbox.theirs (a INT)");
  EXPECT_EQ(error_of([&] { open(); }), ErrorCode::unavailable);
  EXPECT_THAT(message_of([&] { open(); }), HasSubstr("another program"));
  EXPECT_EQ(sql("SELECT count(*) FROM pg_class WHERE relnamespace = 'pysandbox'::regnamespace"), "1");
}

TEST_F(PostgresJobStore, SaysWhenItsUserMayNotMakeASchema) {
  const std::string guarded = server().url_of_guarded(url, "pass%20word");
  EXPECT_EQ(error_of([&] { open_postgres_job_store(guarded); }), ErrorCode::unavailable);
  EXPECT_THAT(message_of([&] { open_postgres_job_store(guarded); }), HasSubstr("permission denied"));
  sql("CREATE SCHEMA pysandbox AUTHORIZATION guarded");
  EXPECT_TRUE(open_postgres_job_store(guarded)->list({}).empty()) << "an empty schema of its own is enough";
}

TEST_F(PostgresJobStore, NeverShowsThePassword) {
  const std::string wrong = server().url_of_guarded(url, "s3cret");
  EXPECT_EQ(error_of([&] { open_postgres_job_store(wrong); }), ErrorCode::unavailable);
  EXPECT_THAT(message_of([&] { open_postgres_job_store(wrong); }),
              AllOf(HasSubstr("guarded"), Not(HasSubstr("s3cret"))));
  const std::string nowhere = "postgresql://u:s3cret@/d?host=/nowhere";
  EXPECT_EQ(error_of([&] { open_postgres_job_store(nowhere); }), ErrorCode::unavailable);
  EXPECT_THAT(message_of([&] { open_postgres_job_store(nowhere); }),
              AllOf(HasSubstr("/nowhere"), Not(HasSubstr("s3cret"))));
}

TEST_F(PostgresJobStore, RefusesOptionsThatMakeNoSense) {
  EXPECT_EQ(error_of([&] { open_postgres_job_store(url, {.connections = 0}); }), ErrorCode::invalid_request);
  EXPECT_EQ(error_of([&] { open_postgres_job_store(url, {.max_attempts = 0}); }), ErrorCode::invalid_request);
}

TEST_F(PostgresJobStore, ComesBackWithItsServer) {
  const auto store = open();
  const JobId before = store->add(JobRequest{.code = "1"});
  const Claim held = store->claim("w", 1h).value();
  server().stop();
  EXPECT_EQ(error_of([&] { store->add(JobRequest{.code = "2"}); }), ErrorCode::unavailable);
  EXPECT_EQ(error_of([&] { store->find(before); }), ErrorCode::unavailable);
  EXPECT_EQ(error_of([&] { store->heartbeat(held, 1h); }), ErrorCode::unavailable);
  EXPECT_EQ(error_of([&] { open(); }), ErrorCode::unavailable);
  server().start();
  EXPECT_EQ(store->find(before)->state, JobState::running);
  EXPECT_EQ(store->heartbeat(held, 1h), JobStore::Heartbeat::held);
  EXPECT_TRUE(store->finish(held, RunResult{}));
  EXPECT_EQ(store->list({}).size(), 1U);
}

TEST_F(PostgresJobStore, NoticesNothingOfARestartBetweenTwoCalls) {
  const auto store = open();
  const JobId id = store->add(JobRequest{.code = "1"});
  server().stop();
  server().start();
  EXPECT_EQ(store->claim("w", 1h)->job.id, id);
}

// Each call that returned is kept, each that failed said so.
TEST_F(PostgresJobStore, LosesNoJobWhenItsServerRestartsUnderLoad) {
  const auto store = open();
  std::atomic<bool> is_over = false;
  std::vector<std::vector<JobId>> added(8);
  std::atomic<int> failed = 0;
  {
    std::vector<std::jthread> threads;
    for (auto& mine : added) {
      threads.emplace_back([&] {
        while (!is_over) {
          try {
            mine.push_back(store->add(JobRequest{.code = "1"}));
          } catch (const Error& error) {
            EXPECT_EQ(error.code(), ErrorCode::unavailable) << error.what();
            ++failed;
            std::this_thread::sleep_for(5ms);
          }
        }
      });
    }
    for (int round = 0; round < 2; ++round) {
      std::this_thread::sleep_for(200ms);
      server().stop();
      std::this_thread::sleep_for(50ms);
      server().start();
    }
    std::this_thread::sleep_for(200ms);
    is_over = true;
  }
  EXPECT_GT(failed, 0);
  std::size_t kept = 0;
  for (const auto& mine : added) {
    EXPECT_FALSE(mine.empty());
    for (const JobId& id : mine) EXPECT_TRUE(store->find(id).has_value());
    kept += mine.size();
  }
  EXPECT_GE(store->counts().queued, kept);
}

TEST_F(PostgresJobStore, TellsListenersThatAnythingMayHaveHappenedWhileItsServerWasGone) {
  const auto store = open();
  std::atomic<int> heard = 0;
  const auto subscription = store->subscribe([&](const JobId& id) { heard += id.empty() ? 1 : 0; });
  const auto hears = [&] {
    const int before = heard;
    for (int count = 0; count < 20'000 && heard == before; ++count) std::this_thread::sleep_for(1ms);
    return heard > before;
  };
  EXPECT_TRUE(heard > 0 || hears()) << "when it begins to listen";
  server().stop();
  server().start();
  EXPECT_TRUE(hears()) << "when it listens again";
  sql("DELETE FROM pysandbox.jobs; CREATE TABLE anything (a INT)");
  EXPECT_TRUE(hears()) << "of changes that nobody tells";
}

TEST_F(PostgresJobStore, TellsTheIdThatAnotherStoreHasChanged) {
  const auto store = open(), other = open();
  std::mutex mutex;
  std::set<JobId> heard;
  const auto subscription = store->subscribe([&](const JobId& id) {
    const std::lock_guard lock(mutex);
    heard.insert(id);
  });
  const auto has_heard = [&](const JobId& id) {
    const std::lock_guard lock(mutex);
    return heard.contains(id);
  };
  while (!has_heard("")) std::this_thread::sleep_for(1ms);  // it listens
  const JobId id = other->add(JobRequest{.code = "1"});
  for (int count = 0; count < 20'000 && !has_heard(id); ++count) std::this_thread::sleep_for(1ms);
  EXPECT_TRUE(has_heard(id));
}

// A lock of somebody else holds one call up, for as long as lock_timeout says, and no longer.
TEST_F(PostgresJobStore, ReadsWhileAnotherProgramHoldsALock) {
  const auto store = open();
  const JobId id = store->add(JobRequest{.code = "1"});
  std::jthread holder([&] {
    EXPECT_ANY_THROW(sql("BEGIN; SELECT * FROM pysandbox.jobs FOR UPDATE; SELECT pg_sleep(3600); COMMIT"))
        << "cancelled";
  });
  while (sql("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'") != "1") {
  }
  EXPECT_EQ(store->find(id)->state, JobState::queued);
  EXPECT_FALSE(store->claim("w", 1h).has_value()) << "it passes over what is locked";
  sql("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep'");
  holder.join();
  EXPECT_EQ(store->claim("w", 1h)->job.id, id);
}

TEST_F(PostgresJobStore, FindsTheNextJobByIndexAlone) {
  const auto store = open();
  sql("INSERT INTO pysandbox.jobs (id, state, created_at) SELECT md5(n::text), 'queued', 0 FROM generate_series(1, "
      "5000) n;"
      " ANALYZE pysandbox.jobs");
  for (const char* query :
       {"SELECT sequence FROM pysandbox.jobs WHERE state = 'queued' AND (lapses_at IS NULL OR lapses_at > 5)"
        " ORDER BY priority DESC, sequence LIMIT 1 FOR UPDATE SKIP LOCKED",
        "SELECT sequence FROM pysandbox.jobs WHERE lapses_at <= 5 ORDER BY lapses_at LIMIT 100 FOR UPDATE SKIP LOCKED",
        "SELECT sequence FROM pysandbox.jobs WHERE callback_at <= 5 ORDER BY callback_at LIMIT 1 FOR UPDATE SKIP "
        "LOCKED",
        "SELECT id FROM pysandbox.jobs WHERE completed_at <= 5 ORDER BY completed_at LIMIT 5"}) {
    const std::string plan = sql(std::string("EXPLAIN ") + query);
    EXPECT_THAT(plan, AllOf(HasSubstr("Index"), Not(HasSubstr("Seq Scan")))) << query;
  }
}

}  // namespace
}  // namespace pysandbox::testing

// libpqxx 6.4 loses what libpq says of a statement whose connection is cut, a kilobyte each time.
extern "C" const char* __lsan_default_suppressions();
extern "C" const char* __lsan_default_suppressions() { return "leak:PQmakeEmptyPGresult"; }

// Ends with 77, the status of a test that is skipped, where there is no PostgreSQL; in CI that is a failure.
int main(int count, char** words) {
  ::testing::InitGoogleTest(&count, words);
  const std::string missing = pysandbox::testing::ThrowawayPostgres::missing();
  if (missing.empty()) return RUN_ALL_TESTS();
  std::fprintf(stderr, "%s\n", missing.c_str());
  return std::getenv("CI") != nullptr ? 1 : 77;
}
